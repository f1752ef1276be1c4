package main

import (
	"io"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Main is the plugin, for the tests that run it as a process.
func Main() { main() }

// Environment has the names of all variables that the plugin reads.
func Environment() []string { return environment() }

// Service is what Main serves, for the tests that ask it without a process.
func Service(getenv func(string) string) sourcev1.ImageSourceServer {
	azure := source{getenv: getenv, credentials: &signin.Store{}, answers: &arm.Answers{}}
	return sdk.Service(func() sdk.Source[config] { return azure }, io.Discard)
}
