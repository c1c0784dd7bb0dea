"""What a cinema's seats, holds and showtimes are, without any I/O: time and ids come in as arguments."""
