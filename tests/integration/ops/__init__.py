"""Tests of what operators rely on."""
