"""The other servers, each as small as its documentation would have it, run in an environment of its own."""
