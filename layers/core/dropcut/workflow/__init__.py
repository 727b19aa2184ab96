"""The use cases, one module and one function a verb: gather what is known, decide (`dropcut.domain.decisions`), apply.

They know ports, not adapters: nothing here imports AWS, HTTP or the environment.
"""
