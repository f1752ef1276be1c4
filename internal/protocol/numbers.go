package protocol

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// maxExact is the largest whole number below which a google.protobuf.Struct, whose
// numbers are floating-point ones, keeps all of them apart.
const maxExact = 1 << 53

// CheckNumbers returns an error that names the key of a whole number which a Struct
// would change.
func CheckNumbers(values map[string]any) error { return checkNumbers(values, "") }

func checkNumbers(value any, path string) error {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := checkNumbers(v[key], strings.TrimPrefix(path+"."+key, ".")); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range v {
			if err := checkNumbers(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case int, int64, uint, uint64, json.Number:
		n, ok := new(big.Int).SetString(fmt.Sprint(v), 10)
		if ok && n.CmpAbs(big.NewInt(maxExact)) > 0 {
			return fmt.Errorf("%s: %s is too large a whole number: it would arrive as another one; the largest is %d", path, n, maxExact)
		}
	}
	return nil
}
