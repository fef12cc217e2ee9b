"""``minimal-order reproduce``: everything of one document in one command."""
