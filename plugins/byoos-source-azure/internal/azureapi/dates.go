package azureapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime/datetime"
)

// dateFields are the fields that the SDK reads as times in the answers that are asked for
// (armcompute and armvirtualmachineimagebuilder, models_serde.go).
func dateFields() []string {
	return []string{"publishedDate", "endOfLifeDate", "createdAt", "lastModifiedAt", "startTime", "endTime", "executionTime"}
}

// withoutOddDates returns an answer without the dates that the SDK cannot read, each of
// which would cost the whole page, and says which they were; nil when there are none.
func withoutOddDates(body []byte) (readable []byte, odd []string) {
	if !hasOddDate(body) {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) != nil {
		return nil, nil
	}
	if dropOddDates(document, "", &odd); odd == nil {
		return nil, nil
	}
	slices.Sort(odd)
	readable, err := json.Marshal(document)
	if err != nil {
		return nil, nil
	}
	return readable, odd
}

func dropOddDates(value any, of string, odd *[]string) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			dropOddDates(item, of, odd)
		}
	case map[string]any:
		if name, isText := value["name"].(string); isText {
			of = name
		}
		for key, item := range value {
			if key == "tags" || key == "artifactTags" { // which have any name and value
				continue
			}
			if !slices.Contains(dateFields(), key) {
				dropOddDates(item, of, odd)
				continue
			}
			if raw, err := json.Marshal(item); err == nil && !isDate(raw) {
				*odd = append(*odd, fmt.Sprintf("%s of %q is %s", key, of, raw))
				delete(value, key)
			}
		}
	}
}

func isDate(raw []byte) bool {
	if _, err := time.Parse(`"`+time.RFC3339+`"`, string(raw)); err == nil { // as nearly all are
		return true
	}
	return string(raw) == "null" || new(datetime.RFC3339).UnmarshalJSON(raw) == nil
}

// hasOddDate looks without reading the answer, as hardly any has one. What it finds may
// be a tag.
func hasOddDate(body []byte) bool {
	for _, field := range dateFields() {
		key := []byte(`"` + field + `"`)
		for rest := body; ; {
			_, after, found := bytes.Cut(rest, key)
			if !found {
				break
			}
			if rest = after; !isDate(token(after)) {
				return true
			}
		}
	}
	return false
}

// token returns the value that follows a key, when it is a plain one.
func token(after []byte) []byte {
	after = bytes.TrimLeft(after, ": \t\r\n")
	if !bytes.HasPrefix(after, []byte(`"`)) {
		return after[:max(0, bytes.IndexAny(after, ",}] \t\r\n"))]
	}
	return after[:bytes.IndexByte(after[1:], '"')+2]
}
