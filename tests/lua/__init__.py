"""Tests of the Lua scripts themselves."""
