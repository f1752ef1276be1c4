package arm

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime/datetime"
)

// Date is a time in an answer. One that cannot be read costs itself, and not the answer: it
// is none, and odd is what stands there.
type Date struct {
	time.Time
	odd string
}

// UnmarshalJSON reads what Azure writes, which is not RFC 3339 alone.
func (d *Date) UnmarshalJSON(raw []byte) error {
	at, err := time.Parse(`"`+time.RFC3339+`"`, string(raw)) // as nearly all are
	if err != nil && string(raw) != "null" {
		var read datetime.RFC3339
		if err := read.UnmarshalJSON(raw); err != nil {
			d.odd = string(raw)
		}
		at = time.Time(read)
	}
	if !takes(at) {
		d.odd, at = string(raw), time.Time{}
	}
	d.Time = at.UTC()
	return nil
}

// takes says whether the host takes a time: one of the years 1 to 9999 in UTC, or none. The
// first day of all stands for none in .NET, and in a zone other than UTC is another time.
func takes(at time.Time) bool {
	year := at.UTC().Year()
	first := at.Year() == 1 && at.YearDay() == 1
	return at.IsZero() || year >= 1 && year <= 9999 && !first
}

// Or returns the date, or another where there is none.
func (d Date) Or(other Date) Date {
	if d.IsZero() {
		return other
	}
	return d
}

// oddDates tells of the dates in an answer that could not be read. of is the name of what
// has them.
func oddDates(value reflect.Value, of string, tell func(string)) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			oddDates(value.Elem(), of, tell)
		}
	case reflect.Slice:
		for i := range value.Len() {
			oddDates(value.Index(i), of, tell)
		}
	case reflect.Struct:
		if name := value.FieldByName("Name"); name.IsValid() && name.String() != "" {
			of = name.String()
		}
		for i := range value.NumField() {
			field := value.Type().Field(i)
			if date, is := value.Field(i).Interface().(Date); !is {
				oddDates(value.Field(i), of, tell)
			} else if date.odd != "" {
				tell(fmt.Sprintf("%s of %q is %s", strings.ToLower(field.Name[:1])+field.Name[1:], of, date.odd))
			}
		}
	}
}
