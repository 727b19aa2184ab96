"""The one table: `ledger` writes edits and money, `journal` everything else."""
