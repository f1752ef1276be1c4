package where

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// Names of the types that expressions see.
const (
	imageType     = "byoos.Image"
	osType        = "byoos.OS"
	referenceType = "byoos.Reference"
)

// field reads one field of an image; has() is true when it is not empty. Reading
// an empty one gives the empty value, but for a time, which has none.
type field struct {
	name string
	typ  *types.Type
	get  func(*image.Image) any
}

func fact(name, as string) field {
	return textual(name, func(i *image.Image) string { return *i.Fact(as) })
}

func textual(name string, get func(*image.Image) string) field {
	return field{name, types.StringType, func(i *image.Image) any { return get(i) }}
}

func boolean(name string, get func(*image.Image) bool) field {
	return field{name, types.BoolType, func(i *image.Image) any { return get(i) }}
}

func instant(name string, get func(*image.Image) *time.Time) field {
	return field{name, types.TimestampType, func(i *image.Image) any {
		if t := get(i); t != nil {
			return types.Timestamp{Time: *t}
		}
		return nil
	}}
}

func texts(name string, get func(*image.Image) map[string]string) field {
	return field{name, types.NewMapType(types.StringType, types.StringType), func(i *image.Image) any { return textMap(get(i)) }}
}

// fields returns the fields of a type by their JSON names; nil for other types.
func fields(typ string) []field {
	switch typ {
	case imageType:
		return []field{
			fact("id", "id"),
			fact("provider", "provider"),
			fact("name", "name"),
			fact("region", "region"),
			fact("architecture", "architecture"),
			{"os", types.NewObjectType(osType), func(i *image.Image) any { return value[system]{i} }},
			fact("kubernetesVersion", "kubernetesVersion"),
			instant("createdAt", func(i *image.Image) *time.Time { return i.CreatedAt }),
			fact("version", "version"),
			textual("state", func(i *image.Image) string { return string(i.State) }),
			fact("stateReason", "stateReason"),
			instant("deprecatedAt", func(i *image.Image) *time.Time { return i.DeprecatedAt }),
			instant("endOfLifeAt", func(i *image.Image) *time.Time { return i.EndOfLifeAt }),
			boolean("excludedFromLatest", func(i *image.Image) bool { return i.ExcludedFromLatest }),
			fact("owner", "owner"),
			fact("ownerId", "ownerId"),
			boolean("public", func(i *image.Image) bool { return i.Public }),
			texts("tags", func(i *image.Image) map[string]string { return i.Tags }),
			fact("digest", "digest"),
			{"reference", types.NewObjectType(referenceType), func(i *image.Image) any { return value[handle]{i} }},
			texts("attributes", func(i *image.Image) map[string]string { return i.Attributes }),
			textual("newestBy", func(i *image.Image) string { return string(i.NewestBy) }),
			fact("source", "source"),
		}
	case osType:
		return []field{
			fact("name", "os.name"),
			fact("version", "os.version"),
		}
	case referenceType:
		return []field{
			textual("kind", func(i *image.Image) string { return reference(i).Kind }),
			textual("value", func(i *image.Image) string { return reference(i).Value }),
		}
	}
	return nil
}

func reference(i *image.Image) image.Reference {
	if i.Reference == nil {
		return image.Reference{}
	}
	return *i.Reference
}

func fieldNames(names ...string) []string {
	var all []string
	for _, name := range names {
		for _, f := range fields(name) {
			all = append(all, f.name)
		}
	}
	return all
}

// isSet tells whether a field has something in it.
func (f field) isSet(i *image.Image) bool {
	switch is := f.get(i).(type) {
	case string:
		return is != ""
	case bool:
		return is
	case textMap:
		return len(is) > 0
	case value[system]:
		return i.OS != image.OS{}
	case value[handle]:
		return i.Reference != nil
	case nil:
		return false
	}
	return true
}

// provider knows the types above besides those of CEL.
type provider struct{ types.Provider }

func (p provider) FindStructType(name string) (*types.Type, bool) {
	if fields(name) != nil {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p provider) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	all := fields(name)
	if all == nil {
		return p.Provider.FindStructFieldType(name, fieldName)
	}
	i := slices.IndexFunc(all, func(f field) bool { return f.name == fieldName })
	if i < 0 {
		return nil, false
	}
	f := all[i]
	return &types.FieldType{
		Type:  f.typ,
		IsSet: func(target any) bool { return f.isSet(target.(*image.Image)) }, // all of our types are
		GetFrom: func(target any) (any, error) {
			if has := f.get(target.(*image.Image)); has != nil {
				return has, nil
			}
			return nil, fmt.Errorf("%s: %w", f.name, errUnknownTime)
		},
	}, true
}

// value is an image as one of the types that expressions see. It is a pointer alone, so
// that looking at one costs no memory.
type value[P part] struct{ img *image.Image }

// part is what of an image is meant.
type part interface{ typeName() string }

type (
	whole  struct{}
	system struct{}
	handle struct{}
)

func (whole) typeName() string  { return imageType }
func (system) typeName() string { return osType }
func (handle) typeName() string { return referenceType }

func (v value[P]) Type() ref.Type {
	var of P
	return types.NewObjectType(of.typeName())
}

func (v value[P]) Value() any                                  { return v.img }
func (v value[P]) ConvertToType(t ref.Type) ref.Val            { return noConversion(v, t) }
func (v value[P]) ConvertToNative(t reflect.Type) (any, error) { return nil, noNative(v, t) }

func (v value[P]) Equal(other ref.Val) ref.Val {
	_, same := other.(value[P]) // an expression sees one image
	return types.Bool(same)
}

func noConversion(v ref.Val, t ref.Type) ref.Val {
	if t == types.TypeType {
		return types.NewObjectType(v.Type().TypeName())
	}
	return types.NewErr("%s does not convert to %s", v.Type().TypeName(), t.TypeName())
}

func noNative(v ref.Val, t reflect.Type) error {
	return fmt.Errorf("%s does not convert to %s", v.Type().TypeName(), t)
}

// textMap is a map of which an absent key reads as "". It is no traits.Mapper, as
// CEL makes reading an absent key of those an error.
type textMap map[string]string

func (m textMap) Type() ref.Type { return types.MapType }
func (m textMap) Value() any     { return map[string]string(m) }

func (m textMap) Equal(other ref.Val) ref.Val {
	switch o := other.(type) {
	case textMap:
		return types.Bool(maps.Equal(m, o))
	case traits.Mapper:
		if o.Size() != m.Size() {
			return types.False
		}
		for key, value := range m {
			got, found := o.Find(types.String(key))
			if !found || got.Equal(types.String(value)) != types.True {
				return types.False
			}
		}
		return types.True
	}
	return types.False
}

func (m textMap) ConvertToType(t ref.Type) ref.Val            { return noConversion(m, t) }
func (m textMap) ConvertToNative(t reflect.Type) (any, error) { return nil, noNative(m, t) }
func (m textMap) Size() ref.Val                               { return types.Int(len(m)) }
func (m textMap) Contains(key ref.Val) ref.Val                { return m.IsSet(key) }
func (m textMap) IsSet(key ref.Val) ref.Val {
	name, isText := key.(types.String)
	_, found := m[string(name)]
	return types.Bool(isText && found)
}

func (m textMap) Get(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	if !ok {
		return types.NewErr("a key is text, not %s", key.Type().TypeName())
	}
	return types.String(m[string(name)])
}

// Iterator goes over the keys in order, so that an expression that stops early
// does the same each time.
func (m textMap) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, slices.Sorted(maps.Keys(m))).Iterator()
}
