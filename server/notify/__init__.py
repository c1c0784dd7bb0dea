"""Ways to tell customers: mail, SMS and Web Push, and the one notifier over all of them."""
