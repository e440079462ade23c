using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text;

namespace Atelier.Training.Interop;

/// <summary>The dynamic symbols of a library (System V ABI, 64 bits, little endian): what it exports, and what it asks of others.</summary>
internal static class ElfSymbols
{
    private const uint DynamicSymbols = 11, SymbolVersions = 0x6fffffff; // sh_type
    private const int Weak = 2;

    /// <summary>
    /// What a library cannot do without and no versioned library has: symbols of the C and C++ libraries have versions, those of
    /// libtorch have none.
    /// </summary>
    /// <exception cref="InvalidDataException">It is no such library.</exception>
    public static HashSet<string> Needed(string path)
    {
        var needed = new HashSet<string>();
        // 1 stands for no version.
        Read(path, (symbol, version, name) =>
        {
            if (symbol.Section == 0 && symbol.Info >> 4 != Weak && (version & 0x7fff) <= 1)
                needed.Add(Encoding.ASCII.GetString(name));
        });
        needed.Remove("");
        return needed;
    }

    /// <summary>Takes what a library exports away from a set.</summary>
    /// <exception cref="InvalidDataException">It is no such library.</exception>
    public static void RemoveExports(string path, HashSet<string> needed)
    {
        var byName = needed.GetAlternateLookup<ReadOnlySpan<char>>();
        Read(path, (symbol, _, name) =>
        {
            if (symbol.Section == 0 || name.Length > 4096)
                return;
            Span<char> text = stackalloc char[name.Length];
            Encoding.ASCII.GetChars(name, text);
            byName.Remove(text);
        });
    }

    private delegate void OnSymbol(Symbol symbol, ushort version, ReadOnlySpan<byte> name);

    private static void Read(string path, OnSymbol on)
    {
        using var stream = File.OpenRead(path);
        long length = stream.Length;
        using var file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        using var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        T[] Array<T>(ulong offset, ulong bytes)
            where T : unmanaged
        {
            if (offset + bytes > (ulong)length)
                throw new InvalidDataException($"{path} is cut off");
            var values = new T[bytes / (ulong)Marshal.SizeOf<T>()];
            view.ReadArray((long)offset, values, 0, values.Length);
            return values;
        }
        var head = Array<byte>(0, 64);
        if (!head.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException($"{path} is not a 64-bit library");
        var sections = Array<Section>(BitConverter.ToUInt64(head, 0x28), (ulong)BitConverter.ToUInt16(head, 0x3c) * (ulong)Marshal.SizeOf<Section>());
        var table = System.Array.Find(sections, section => section.Type == DynamicSymbols);
        if (table.Size == 0)
            throw new InvalidDataException($"{path} has no dynamic symbols");
        var symbols = Array<Symbol>(table.Offset, table.Size);
        var names = Array<byte>(sections[table.Link].Offset, sections[table.Link].Size);
        var tagged = System.Array.Find(sections, section => section.Type == SymbolVersions);
        var versions = Array<ushort>(tagged.Offset, tagged.Size);
        for (int i = 0; i < symbols.Length; i++)
        {
            var name = names.AsSpan((int)symbols[i].Name);
            on(symbols[i], i < versions.Length ? versions[i] : (ushort)0, name[..name.IndexOf((byte)0)]);
        }
    }

    // elf.h: Elf64_Shdr and Elf64_Sym.

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Section
    {
        public readonly uint Name;
        public readonly uint Type;
        public readonly ulong Flags;
        public readonly ulong Address;
        public readonly ulong Offset;
        public readonly ulong Size;
        public readonly uint Link;
        public readonly uint Info;
        public readonly ulong Alignment;
        public readonly ulong EntrySize;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Symbol
    {
        public readonly uint Name;
        public readonly byte Info;
        public readonly byte Other;
        public readonly ushort Section;
        public readonly ulong Value;
        public readonly ulong Size;
    }
}
