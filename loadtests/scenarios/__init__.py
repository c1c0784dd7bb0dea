"""What is measured, a question a file; each gives a table and the claims that the numbers bear out or not."""
