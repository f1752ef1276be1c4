package session

import (
	"errors"
	"io"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// TestUsable: what is the service's answer, whatever stands before its first element,
// what has broken off, and what is somebody else's.
func TestUsable(t *testing.T) {
	const jsonType = "application/json"
	foreign, page := trouble.ForeignAnswerError{}, trouble.ForeignAnswerError{Page: true}
	tests := []struct {
		name, sent, begin string
		status            int
		want              error
	}{
		{"XML", queryType, "<DescribeImagesResponse>", 200, nil},
		{"with all that may come first", queryType, "\n<?xml version=\"1.0\"?>\n<!-- a\n>b -->\n<!DOCTYPE x>\n<a:DescribeImagesResponse xmlns:a=\"x\">", 200, nil},
		{"empty element", queryType, "<DescribeImagesResponse/>", 200, nil},
		{"a name that is cut off", queryType, "<?xml version=\"1.0\"?><DescribeIma", 200, nil},
		{"JSON", jsonType, " {}", 200, nil},
		{"JSON of a GET", "", "{}", 200, nil},
		{"nothing", queryType, "", 200, io.ErrUnexpectedEOF},
		{"nothing in JSON", jsonType, "\r\n", 200, io.ErrUnexpectedEOF},
		{"no element", queryType, "<?xml version=\"1.0\"?>\n<!-- a -->", 200, io.ErrUnexpectedEOF},
		{"text", queryType, "blocked", 200, foreign},
		{"text for JSON", jsonType, "blocked", 200, foreign},
		{"JSON for XML", queryType, `{"message":"blocked"}`, 200, foreign},
		{"XML for JSON", jsonType, "<Response/>", 200, foreign},
		{"another element", queryType, "<?xml version=\"1.0\"?><error>blocked</error>", 200, foreign},
		{"a page", jsonType, "<html><body>", 200, page},
		{"a page in XML", queryType, "<?xml version=\"1.0\"?><!DOCTYPE html>\n<html>", 200, page},
		{"no content", queryType, "", 204, foreign},
	}
	for _, test := range tests {
		err := usable(test.status, test.sent, []byte(test.begin), true)
		if (test.want == nil) != (err == nil) || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}
