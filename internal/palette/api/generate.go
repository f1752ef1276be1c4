// Package api has the types of Palette's API, generated from the description in
// the folder contract.
package api

//go:generate go run ./convert contract/openapi.json
//go:generate go run -modfile=../../../tools/oapi-codegen/go.mod github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config oapi-codegen.yaml contract/openapi.json
