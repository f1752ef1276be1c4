// Package filled fills messages and structs with a value of its own in each field, for
// tests that find a field which a conversion forgets.
package filled

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// begin returns the first of the times that are filled in.
func begin() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Message fills all fields of a message. Texts hold their field's name.
func Message(m proto.Message) { fillMessage(m.ProtoReflect(), new(int)) }

func fillMessage(m protoreflect.Message, n *int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap():
			values := m.Mutable(field).Map()
			key := protoreflect.ValueOfString(string(field.Name()) + "-key").MapKey()
			if field.MapValue().Kind() == protoreflect.MessageKind {
				fillMessage(values.Mutable(key).Message(), n)
			} else {
				values.Set(key, scalar(field.MapValue(), n))
			}
		case field.IsList() && field.Kind() == protoreflect.MessageKind:
			fillMessage(m.Mutable(field).List().AppendMutable().Message(), n)
		case field.IsList():
			m.Mutable(field).List().Append(scalar(field, n))
		case field.Kind() != protoreflect.MessageKind:
			m.Set(field, scalar(field, n))
		case field.Message().FullName() == "google.protobuf.Timestamp":
			*n++
			m.Set(field, protoreflect.ValueOfMessage(timestamppb.New(begin().Add(time.Duration(*n)*time.Hour)).ProtoReflect()))
		case field.Message().FullName() == "google.protobuf.Struct":
			m.Mutable(field)
		default:
			fillMessage(m.Mutable(field).Message(), n)
		}
	}
}

func scalar(field protoreflect.FieldDescriptor, n *int) protoreflect.Value {
	*n++
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(fmt.Sprintf("%s-%d", field.Name(), *n))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(field.Enum().Values().Get(field.Enum().Values().Len() - 1).Number())
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(*n))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(*n))
	}
	panic("a field of a kind that this package does not know: " + field.FullName())
}

// Empty returns the names of the fields of a message, and of those in it, that are not set.
func Empty(m proto.Message) []string { return empty(m.ProtoReflect()) }

func empty(m protoreflect.Message) []string {
	var names []string
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case !m.Has(field):
			names = append(names, string(field.FullName()))
		case field.IsMap() && field.MapValue().Kind() == protoreflect.MessageKind:
			m.Get(field).Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				names = append(names, empty(v.Message())...)
				return true
			})
		case !field.IsMap() && !field.IsList() && field.Kind() == protoreflect.MessageKind && field.Message().ParentFile().Package() != "google.protobuf":
			names = append(names, empty(m.Get(field).Message())...)
		}
	}
	return names
}

// Without returns, by the name of each field of a filled message, a copy without it.
func Without(m proto.Message) map[string]proto.Message {
	all := map[string]proto.Message{}
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		copied := proto.Clone(m)
		copied.ProtoReflect().Clear(fields.Get(i))
		all[string(fields.Get(i).Name())] = copied
	}
	return all
}

// Struct fills all exported fields of a struct. Texts hold their field's name.
func Struct(pointer any) { fillStruct(reflect.ValueOf(pointer).Elem(), "", new(int)) }

func fillStruct(v reflect.Value, name string, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d", name, *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillStruct(v.Elem(), name, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillStruct(v.Index(0), name, n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillStruct(key, name+"-key", n)
		fillStruct(value, name, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(begin().Add(time.Duration(*n) * time.Hour)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillStruct(v.Field(i), v.Type().Field(i).Name, n)
			}
		}
	default:
		panic(fmt.Sprintf("a field of a kind that this package does not know: %s %s", name, v.Kind()))
	}
}

// Changes returns, by the name of each field of a struct but those named, a copy whose
// field is empty.
func Changes(pointer any, but ...string) map[string]any {
	all := map[string]any{}
	v := reflect.ValueOf(pointer).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		if !field.IsExported() || slices.Contains(but, field.Name) {
			continue
		}
		copied := reflect.New(v.Type())
		copied.Elem().Set(v)
		copied.Elem().FieldByIndex(field.Index).SetZero()
		all[field.Name] = copied.Interface()
	}
	return all
}

// EmptyFields returns the names of the exported fields of a struct, and of those in it,
// that are zero.
func EmptyFields(value any) []string {
	var names []string
	v := reflect.ValueOf(value)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case !field.IsExported():
		case v.Field(i).IsZero():
			names = append(names, field.Name)
		case field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[time.Time]():
			names = append(names, EmptyFields(v.Field(i).Interface())...)
		}
	}
	return names
}
