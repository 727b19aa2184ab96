"""What `make dev` says when it is done: the interpreter to choose, and the four ways to run a piece of this alone."""

ADVICE = """
Interpreter for your editor: .workshop/dev/bin/python

  make invoke VERB=poll_edit                                     one handler with its sample event, in one process
  make walk ARGS=--lose-answer                                   the state machine over all handlers, in one process
  make test TEST=tests/e2e/test_names.py                         one file of tests, or one test: FILE::NAME
  make debug VERB=poll_edit TEST=tests/e2e/test_names.py         that test, until poll_edit waits for your debugger

The first two step like any Python program; how to attach to the last: docs/development.md"""
