package wholefile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"regexp"
)

// An output tells that it is one, and by a digest of itself that nobody changed
// it since: a comment on its first line, or Terraform's comment property in JSON
// (developer.hashicorp.com/terraform/language/syntax/json#comment-properties).
const (
	markText  = "Written by kubectl byoos, which replaces this file as long as nobody else changes it: sha256:"
	jsonStart = "{\n"
)

var markPattern = regexp.MustCompile(regexp.QuoteMeta(markText) + `([0-9a-f]{64})`)

// Marked returns data as the content of an output at path: YAML, HCL or a JSON
// object, indented, with the mark in it.
func Marked(path string, data []byte) []byte {
	before, after, rest := "# ", "\n", data
	if filepath.Ext(path) == ".json" {
		before, after = jsonStart+`  "//": "`, "\",\n"
		rest = bytes.TrimPrefix(data, []byte(jsonStart))
	}
	head, tail := []byte(before+markText), append([]byte(after), rest...)
	return bytes.Join([][]byte{head, []byte(sum(head, tail)), tail}, nil)
}

// mark tells whether data has the mark of an output, and whether it is as it was
// written.
func mark(data []byte) (marked, unchanged bool) {
	at := markPattern.FindSubmatchIndex(data)
	if at == nil {
		return false, false
	}
	return true, sum(data[:at[2]], data[at[3]:]) == string(data[at[2]:at[3]])
}

// sum ignores carriage returns: Git adds them on Windows.
func sum(head, tail []byte) string {
	text := bytes.ReplaceAll(bytes.Join([][]byte{head, tail}, nil), []byte("\r\n"), []byte("\n"))
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}
