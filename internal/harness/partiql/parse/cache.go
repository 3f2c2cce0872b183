package parse

import (
	"container/list"
	"sync"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
)

// entryCost is about what a cached statement holds besides its text, in bytes;
// textCost is about what its tree holds for each byte of text.
const (
	entryCost = 1 << 10
	textCost  = 32
)

// A Cache remembers the trees of the statements used last, so that what a program
// sends again and again is parsed once. It is safe for concurrent use.
type Cache struct {
	max int

	mu      sync.Mutex
	cost    int
	entries map[string]*list.Element
	recent  *list.List // of cached, most recently used first
}

type cached struct {
	text string
	tree *ast.Tree
}

func (c cached) cost() int { return entryCost + textCost*len(c.text) }

// NewCache makes a cache of about maxBytes.
func NewCache(maxBytes int) *Cache {
	return &Cache{max: maxBytes, entries: make(map[string]*list.Element), recent: list.New()}
}

// Statement is like the function Statement. Errors are not remembered.
func (c *Cache) Statement(text string) (*ast.Tree, error) {
	if tree := c.find(text); tree != nil {
		return tree, nil
	}
	tree, err := Statement(text)
	if err != nil {
		return nil, err
	}
	c.keep(cached{text: text, tree: tree})
	return tree, nil
}

func (c *Cache) find(text string) *ast.Tree {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[text]
	if !ok {
		return nil
	}
	c.recent.MoveToFront(e)
	return e.Value.(cached).tree
}

func (c *Cache) keep(entry cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[entry.text]; ok || entry.cost() > c.max {
		return
	}
	c.entries[entry.text] = c.recent.PushFront(entry)
	c.cost += entry.cost()
	for c.cost > c.max {
		last := c.recent.Remove(c.recent.Back()).(cached)
		delete(c.entries, last.text)
		c.cost -= last.cost()
	}
}

// Len is the number of statements remembered.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}
