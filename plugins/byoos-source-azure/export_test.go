package main

// Main is the plugin, for the tests that run it as a process.
func Main() { main() }
