package meter

import (
	"container/heap"
	"slices"
)

// First keeps the first values of a list that comes in any order, as one page of it. It takes no more memory than the
// page.
type First[T any] struct {
	limit   int
	compare func(a, b T) int
	values  []T // a heap with the last of them at its top
}

// NewFirst returns a page of at most limit values, in an order.
func NewFirst[T any](limit int, compare func(a, b T) int) *First[T] {
	return &First[T]{limit: limit, compare: compare}
}

// Keep adds a value, and takes the last one away if there are more than the limit.
func (f *First[T]) Keep(value T) {
	if len(f.values) < f.limit {
		heap.Push(f, value)
		return
	}
	if f.limit > 0 && f.compare(value, f.values[0]) < 0 {
		f.values[0] = value
		heap.Fix(f, 0)
	}
}

// Sorted returns the page in its order. Nothing may be added afterwards.
func (f *First[T]) Sorted() []T {
	slices.SortFunc(f.values, f.compare)
	return f.values
}

// Len implements [heap.Interface], as do Less, Swap, Push and Pop.
func (f *First[T]) Len() int { return len(f.values) }

// Less reports whether a value is behind another one.
func (f *First[T]) Less(i, j int) bool { return f.compare(f.values[i], f.values[j]) > 0 }

// Swap swaps two values.
func (f *First[T]) Swap(i, j int) { f.values[i], f.values[j] = f.values[j], f.values[i] }

// Push appends a value.
func (f *First[T]) Push(v any) { f.values = append(f.values, v.(T)) }

// Pop removes the last value.
func (f *First[T]) Pop() any {
	last := f.values[len(f.values)-1]
	f.values = f.values[:len(f.values)-1]
	return last
}
