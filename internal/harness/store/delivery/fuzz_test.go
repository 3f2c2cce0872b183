package delivery_test

import (
	"context"
	"path"
	"strings"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/delivery"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store/local/crashfs"
)

// FuzzKeys puts one object into each of two buckets: whatever their names and keys, each is refused or a file in the
// bucket of its name, and two keys are two files.
func FuzzKeys(f *testing.F) {
	f.Add("audit", "a/b", "a/../b")
	f.Add("..", "../../x", "%2E%2E/x")
	f.Add("audit", "%", "/")
	f.Add("a/b", "x//y", "x/%/y")
	f.Add("audit", "nul\x00", "\\")
	f.Fuzz(func(t *testing.T, bucket, first, second string) {
		disk := crashfs.New()
		if err := disk.Mkdir("/data"); err != nil {
			t.Fatal(err)
		}
		objects := delivery.NewObjects("/data/s3", delivery.Options{FS: disk, NoSync: true})
		kept := 0
		for _, key := range []string{first, second} {
			err := objects.Put(context.Background(), delivery.Object{Bucket: bucket, Key: key, Body: []byte(key)})
			if err == nil {
				kept++
			}
		}
		if first == second {
			kept = min(kept, 1)
		}
		files := disk.Files()
		if len(files) != kept {
			t.Errorf("%d objects are %d files: %q", kept, len(files), files)
		}
		for name, body := range files {
			if path.Clean(name) != name || !strings.HasPrefix(name, "/data/s3/"+bucket+"/") {
				t.Errorf("object %q of bucket %q is file %q", body, bucket, name)
			}
		}
	})
}
