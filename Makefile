# For those who expect one; npm run does the same (see README.md).

all:
	npm run setup

test:
	npm test

ok:
	npm run ok

serve: all
	npm run serve

clean:
	$(MAKE) -C native clean
	rm -rf dist

.PHONY: all test ok serve clean
