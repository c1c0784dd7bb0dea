"""What proves a purchase: signed ticket codes, their QR pictures, calendar entries, and links to order pages."""
