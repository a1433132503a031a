package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"

	"kurir/agent/journal"
)

// The pages of a bbolt file, read with plain reads before bbolt maps them. bbolt's own check follows whatever page
// number it finds, in a goroutine of its own: in a damaged file that is a fault, or an endless recursion, that ends the
// process and cannot be recovered. This one believes nothing: every number is compared with the file, every page is
// visited once, and depth has a limit.

const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHeaderSize = 16
	elementSize    = 16
	metaSize       = 64
	bucketSize     = 16

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10

	flagBucket = 0x01 // of a leaf element

	maxDepth = 64
)

var le = binary.LittleEndian

// boltMeta is what a meta page says.
type boltMeta struct {
	pageSize uint32
	root     uint64
	freelist uint64
	pages    uint64 // how many pages are in use or were
	txid     uint64
}

// visitor sees the content of the file.
type visitor interface {
	// bucket is called before the content of the bucket at path; false leaves the content out.
	bucket(path [][]byte) bool
	// pair is called for each key and value of the bucket at path, in order. They are valid during the call.
	pair(path [][]byte, key, value []byte)
}

// pageWalk is one walk through a bbolt file.
type pageWalk struct {
	file  io.ReaderAt
	size  int64
	meta  boltMeta
	visit visitor

	seen    []uint64 // a bit for each page that was reached
	partial bool     // the visitor has left something out
	buffers [maxDepth][]byte
	path    [][]byte
}

// walkPages visits the content of a bbolt file of size bytes. An error that wraps journal.ErrDamaged says what is wrong with the
// file; any other error is one of reading it.
func walkPages(file io.ReaderAt, size int64, v visitor) error {
	w := &pageWalk{file: file, size: size, visit: v}
	if err := w.readMeta(); err != nil {
		return err
	}
	w.seen = make([]uint64, w.meta.pages/64+1)
	w.seen[0] = 3 // the meta pages
	if err := w.page(w.meta.root, 0, nil, nil); err != nil {
		return err
	}
	return w.freePages()
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", journal.ErrDamaged, fmt.Sprintf(format, args...))
}

// readMeta reads both meta pages. With one of them broken, bbolt would go back by one commit without a word: a step
// that was answered for would be forgotten. So both must be whole; each has 64 bytes, which disks write as one.
func (w *pageWalk) readMeta() error {
	first, err := w.metaAt(0, 0)
	if err != nil {
		return err
	}
	second, err := w.metaAt(int64(first.pageSize), 1)
	if err != nil {
		return err
	}
	w.meta = first
	if second.txid > first.txid {
		w.meta = second
	}
	switch m := w.meta; {
	case first.pageSize != second.pageSize:
		return damaged("page sizes %d and %d", first.pageSize, second.pageSize)
	case m.pages < 4 || m.pages > uint64(w.size)/uint64(m.pageSize):
		return damaged("file of %d bytes should have %d pages of %d bytes", w.size, m.pages, m.pageSize)
	}
	return nil
}

// metaAt reads the meta page number id at offset.
func (w *pageWalk) metaAt(offset int64, id uint64) (boltMeta, error) {
	b := make([]byte, pageHeaderSize+metaSize)
	if err := w.readAt(b, offset); err != nil {
		return boltMeta{}, err
	}
	m := b[pageHeaderSize:]
	sum := fnv.New64a()
	_, _ = sum.Write(m[:metaSize-8])
	size := le.Uint32(m[8:])
	switch {
	case le.Uint64(b) != id || le.Uint16(b[8:]) != flagMeta:
		return boltMeta{}, damaged("page %d is no meta page", id)
	case le.Uint32(m) != boltMagic || le.Uint32(m[4:]) != boltVersion:
		return boltMeta{}, damaged("meta page %d is not of a bbolt file", id)
	case le.Uint64(m[56:]) != sum.Sum64():
		return boltMeta{}, damaged("meta page %d has a wrong checksum", id)
	case size < 512 || size > 1<<20 || size&(size-1) != 0:
		return boltMeta{}, damaged("page size %d", size)
	}
	return boltMeta{
		pageSize: size, root: le.Uint64(m[16:]), freelist: le.Uint64(m[32:]), pages: le.Uint64(m[40:]),
		txid: le.Uint64(m[48:]),
	}, nil
}

// readAt fills b; the end of the file and bad sectors are damage.
func (w *pageWalk) readAt(b []byte, offset int64) error {
	_, err := w.file.ReadAt(b, offset)
	if errors.Is(err, io.EOF) || isMediaError(err) {
		return damaged("read %d bytes at %d: %v", len(b), offset, err)
	}
	if err != nil {
		return fmt.Errorf("read %d bytes at %d: %w", len(b), offset, err)
	}
	return nil
}

// load reads page id with its overflow pages into the buffer of depth, and marks them as seen.
func (w *pageWalk) load(id uint64, depth int) ([]byte, error) {
	if id < 2 || id >= w.meta.pages {
		return nil, damaged("page %d of %d", id, w.meta.pages)
	}
	if depth >= maxDepth {
		return nil, damaged("page %d is %d pages deep", id, depth)
	}
	size := int(w.meta.pageSize)
	b := slices.Grow(w.buffers[depth][:0], size)[:size]
	if err := w.readAt(b, int64(id)*int64(size)); err != nil {
		return nil, err
	}
	more := uint64(le.Uint32(b[12:]))
	if le.Uint64(b) != id || id+more >= w.meta.pages || more*uint64(size) > 2*maxRecord {
		return nil, damaged("page %d has number %d and %d overflow pages", id, le.Uint64(b), more)
	}
	for i := id; i <= id+more; i++ {
		if !w.mark(i) {
			return nil, damaged("page %d is used twice", i)
		}
	}
	if more > 0 {
		b = slices.Grow(b, int(more)*size)[:size*int(1+more)]
		if err := w.readAt(b[size:], int64(id+1)*int64(size)); err != nil {
			return nil, err
		}
	}
	w.buffers[depth] = b
	return b, nil
}

// mark reports whether page id is seen for the first time.
func (w *pageWalk) mark(id uint64) bool {
	bit := uint64(1) << (id % 64)
	fresh := w.seen[id/64]&bit == 0
	w.seen[id/64] |= bit
	return fresh
}

// page visits page id and what is below it. Its keys lie in [low, high); nil is no limit.
func (w *pageWalk) page(id uint64, depth int, low, high []byte) error {
	b, err := w.load(id, depth)
	if err != nil {
		return err
	}
	switch flags := le.Uint16(b[8:]); flags {
	case flagBranch:
		return w.branch(b, id, depth, low, high)
	case flagLeaf:
		return w.leaf(b, id, depth, low, high)
	default:
		return damaged("page %d has type %#x", id, flags)
	}
}

// branch visits the children of a branch page.
func (w *pageWalk) branch(b []byte, id uint64, depth int, low, high []byte) error {
	n := int(le.Uint16(b[10:]))
	if n == 0 {
		return damaged("branch page %d is empty", id)
	}
	key, child, err := branchElement(b, 0)
	for i := range n {
		if err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		if bytes.Compare(key, low) < 0 || (high != nil && bytes.Compare(key, high) >= 0) {
			return damaged("page %d: key %d is out of order", id, i)
		}
		next, nextChild, end := []byte(nil), uint64(0), high
		if i+1 < n {
			next, nextChild, err = branchElement(b, i+1)
			end = next
		}
		if err == nil && end != nil && bytes.Compare(key, end) >= 0 {
			return damaged("page %d: key %d is out of order", id, i+1)
		}
		if err := w.page(child, depth+1, key, end); err != nil {
			return err
		}
		key, child = next, nextChild
	}
	return nil
}

// branchElement returns the key and the child of element i of a branch page.
func branchElement(b []byte, i int) (key []byte, child uint64, err error) {
	e := pageHeaderSize + i*elementSize
	if e+elementSize > len(b) {
		return nil, 0, damaged("element %d is out of bounds", i)
	}
	key, err = span(b, e, le.Uint32(b[e:]), le.Uint32(b[e+4:]))
	return key, le.Uint64(b[e+8:]), err
}

// span returns size bytes at pos from element e of a page.
func span(b []byte, e int, pos, size uint32) ([]byte, error) {
	from := uint64(e) + uint64(pos)
	if from+uint64(size) > uint64(len(b)) {
		return nil, damaged("%d bytes at %d are out of bounds", size, from)
	}
	return b[from : from+uint64(size)], nil
}

// leaf visits the pairs and buckets of a leaf page, or of a bucket that is kept inside of one.
func (w *pageWalk) leaf(b []byte, id uint64, depth int, low, high []byte) error {
	n := int(le.Uint16(b[10:]))
	for i := range n {
		e := pageHeaderSize + i*elementSize
		if e+elementSize > len(b) {
			return damaged("page %d: element %d is out of bounds", id, i)
		}
		flags, pos, keySize := le.Uint32(b[e:]), le.Uint32(b[e+4:]), le.Uint32(b[e+8:])
		key, err := span(b, e, pos, keySize)
		if err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		value, err := span(b, e+int(keySize), pos, le.Uint32(b[e+12:]))
		if err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		if c := bytes.Compare(key, low); c < 0 || (c == 0 && i > 0) || (high != nil && bytes.Compare(key, high) >= 0) {
			return damaged("page %d: key %d is out of order", id, i)
		}
		low = key
		switch flags {
		case 0:
			w.visit.pair(w.path, key, value)
		case flagBucket:
			if err := w.bucket(key, value, id, depth+1); err != nil {
				return err
			}
		default:
			return damaged("page %d: element %d has flags %#x", id, i, flags)
		}
	}
	return nil
}

// bucket visits the bucket name, of which value says where it is.
func (w *pageWalk) bucket(name, value []byte, id uint64, depth int) error {
	if len(value) < bucketSize {
		return damaged("page %d: bucket %q is cut short", id, name)
	}
	w.path = append(w.path, slices.Clone(name))
	defer func() { w.path = w.path[:len(w.path)-1] }()
	if !w.visit.bucket(w.path) {
		w.partial = true
		return nil
	}
	if root := le.Uint64(value); root != 0 {
		return w.page(root, depth, nil, nil)
	}
	inline := value[bucketSize:]
	if depth >= maxDepth || len(inline) < pageHeaderSize || le.Uint16(inline[8:]) != flagLeaf {
		return damaged("page %d: bucket %q has no page", id, name)
	}
	return w.leaf(inline, id, depth, nil, nil)
}

// freePages reads the list of free pages: each page is either reached or free, and none is both.
func (w *pageWalk) freePages() error {
	b, err := w.load(w.meta.freelist, 0)
	if err != nil {
		return err
	}
	if le.Uint16(b[8:]) != flagFreelist {
		return damaged("page %d is no list of free pages", w.meta.freelist)
	}
	ids, n := b[pageHeaderSize:], uint64(le.Uint16(b[10:]))
	if n == 0xFFFF {
		n, ids = le.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids))/8 {
		return damaged("list of %d free pages is cut short", n)
	}
	for i := range n {
		id := le.Uint64(ids[i*8:])
		if id < 2 || id >= w.meta.pages || !w.mark(id) {
			return damaged("page %d is free and used, or out of bounds", id)
		}
	}
	if w.partial {
		return nil
	}
	for id := range w.meta.pages {
		if w.seen[id/64]&(1<<(id%64)) == 0 {
			return damaged("page %d is neither used nor free", id)
		}
	}
	return nil
}
