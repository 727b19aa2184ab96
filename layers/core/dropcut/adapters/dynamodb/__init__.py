"""The one table: `ledger` has each step of an edit and every dollar, `journal` the rest."""
