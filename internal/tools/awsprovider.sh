#!/bin/sh
# Prints the folder with the AWS provider and the core of Terraform 0.11 that runs it, which are built once from their Go
# modules and kept in Go's build cache. 1.60.0 is the last release that the Go module proxy has.
set -eu
version=1.60.0
built="$(go env GOCACHE)/qldbkms-aws-provider-$version"
if [ ! -d "$built" ]; then
	echo "Building release $version of the AWS provider once from its Go module; it is kept as $built." >&2
	cd "$(dirname "$0")/awsprovider"
	mkdir "$built.$$"
	go build -trimpath -ldflags '-s -w' -o "$built.$$/provider" github.com/terraform-providers/terraform-provider-aws
	go build -trimpath -ldflags '-s -w' -o "$built.$$/core" .
	mv "$built.$$" "$built"
fi
echo "$built"
