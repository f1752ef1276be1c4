//go:build !linux

package main

func beforeChildren() {}
