/*
 * A peer for `kho dump`: walks the radix tree of kho-v4 in an ELF core the way a booting kernel does, with a call for each
 * preserved block, and says how many there are. `gcc -O2 walk.c`; walk FILE ROOT.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE 4096
#define SLOTS (PAGE / 8)
#define LEAF_BITS (PAGE * 8)
/* Tables above a leaf that order 0 of 4K pages takes. */
#define DEPTH 6

static const char *file;
static const Elf64_Phdr *segments;
static int segment_count;
static uint64_t blocks;

static const void *at(uint64_t address)
{
    for (int i = 0; i < segment_count; i++) {
        const Elf64_Phdr *segment = &segments[i];
        if (segment->p_type == PT_LOAD && address - segment->p_paddr < segment->p_filesz)
            return file + segment->p_offset + (address - segment->p_paddr);
    }
    fprintf(stderr, "0x%llx is not in the file\n", (unsigned long long)address);
    exit(1);
}

/* What kho_preserved_memory_reserve() is to the kernel: not to be left out by the compiler. */
__attribute__((noinline)) static void block(uint64_t key)
{
    __asm__ volatile("" : : "r"(key));
    blocks++;
}

static void walk(uint64_t node, int level, uint64_t key)
{
    const uint64_t *words = at(node);

    if (level > 0) {
        for (uint64_t slot = 0; slot < SLOTS; slot++)
            if (words[slot] != 0)
                walk(words[slot], level - 1, (key * SLOTS) + slot);
        return;
    }
    for (int i = 0; i < SLOTS; i++)
        for (uint64_t word = words[i]; word != 0; word &= word - 1)
            block(key * LEAF_BITS + (uint64_t)i * 64 + (uint64_t)__builtin_ctzll(word));
}

int main(int count, char **words)
{
    int fd = count == 3 ? open(words[1], O_RDONLY) : -1;
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return 2;
    file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        return 2;
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
    segments = (const Elf64_Phdr *)(file + header->e_phoff);
    segment_count = header->e_phnum;
    walk(strtoull(words[2], NULL, 0), DEPTH - 1, 0);
    printf("%llu\n", (unsigned long long)blocks);
    return 0;
}
