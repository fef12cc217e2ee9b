"""The ledger of claims: what each document says, the evidence, the verdict."""
