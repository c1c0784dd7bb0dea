"""What every adapter of the seat ledger keeps."""
