package output

// NewList makes a list of items; row returns the name of one, for -o name, and its cells.
func NewList[T any](kind string, columns []Column, items []T, row func(T) (name string, cells []string)) List {
	l := List{Kind: kind, Table: Table{Columns: columns}}
	for _, item := range items {
		name, cells := row(item)
		l.Items = append(l.Items, item)
		l.Names = append(l.Names, name)
		l.Table.Rows = append(l.Table.Rows, cells)
	}
	return l
}
