// Package contract holds the description of Palette's API that the client is
// generated from, for tests and their servers; the program itself must not
// import it.
//
// palette.json is the part of "Palette APIs 4.8" that is used here, without its
// prose, from https://github.com/spectrocloud/palette-sdk-go, api/spec/palette.json
// at commit dbd0431; error.json is api/spec/error_v1.json of the same. Both are
// under the Apache License 2.0, Copyright Spectro Cloud.
package contract

import (
	_ "embed" // for the descriptions
	"encoding/json"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed palette.json
var palette []byte

//go:embed error.json
var apiError []byte

// Document returns the API's description as OpenAPI 3.
func Document() (*openapi3.T, error) { return convert(palette) }

// Error returns the schema of every answer that is not a success.
func Error() (*openapi3.Schema, error) {
	doc, err := convert(apiError)
	if err != nil {
		return nil, err
	}
	return doc.Components.Schemas["V1Error"].Value, nil
}

func convert(data []byte) (*openapi3.T, error) {
	var swagger openapi2.T
	if err := json.Unmarshal(data, &swagger); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3(&swagger)
}
