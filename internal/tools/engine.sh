#!/bin/sh
# Prints the path of the Terraform-compatible engine to use: $TERRAFORM if set, else terraform or tofu from the PATH,
# else OpenTofu, which is built once from its Go module and kept in Go's build cache.
set -eu
version=1.12.6
if [ -n "${TERRAFORM:-}" ]; then
	command -v "$TERRAFORM"
	exit
fi
command -v terraform && exit
command -v tofu && exit
built="$(go env GOCACHE)/qldbkms-tofu-$version"
if [ ! -x "$built" ]; then
	echo "Neither terraform nor tofu is on the PATH: building OpenTofu $version once from its Go module." >&2
	echo "This takes five to ten minutes on two cores; the result is kept as $built." >&2
	cd "$(dirname "$0")/tofu"
	go build -trimpath -ldflags '-s -w -X github.com/opentofu/opentofu/version.dev=no' \
		-o "$built.$$" github.com/opentofu/opentofu/cmd/tofu
	mv "$built.$$" "$built"
fi
echo "$built"
