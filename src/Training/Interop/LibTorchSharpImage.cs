using System.Buffers.Binary;
using System.Text;

namespace Atelier.Training.Interop;

/// <summary>
/// Lets TorchSharp's library load with a C++ library before GLIBCXX_3.4.32. Of that version it asks one symbol, which only
/// makes sure that the standard streams are initialised; libtorch has done so when it loads first. Three edits in place: the
/// version becomes a weak need, and the symbol becomes another one that every version has and that nobody minds being called.
/// </summary>
internal static class LibTorchSharpImage
{
    private const string NeededVersion = "GLIBCXX_3.4.32";
    private const string NewSymbol = "_ZSt21ios_base_library_initv";
    private const string OldSymbol = "_ZSt19uncaught_exceptionsv"; // shorter than the new one, so that it fits its place

    // elf.h
    private const int ProgramHeaderLoad = 1, ProgramHeaderDynamic = 2;
    private const int StringTable = 5, SymbolTable = 6, SymbolVersions = 0x6ffffff0, VersionNeeds = 0x6ffffffe, VersionNeedCount = 0x6fffffff;
    private const ushort WeakVersion = 2, GlobalVersion = 1;
    private const int SymbolBytes = 24;

    /// <summary>Edits an image of the library.</summary>
    /// <param name="image">A whole ELF file, 64 bits, little endian; changed.</param>
    /// <returns>False where the image does not need that version: then something else is wrong with it.</returns>
    public static bool Adapt(Span<byte> image)
    {
        var dynamic = Dynamic(image);
        if (!dynamic.ContainsKey(VersionNeeds))
            return false;
        ushort version = WeakenNeed(image, dynamic);
        if (version == 0)
            return false;
        int strings = Offset(image, dynamic[StringTable]);
        int symbols = Offset(image, dynamic[SymbolTable]), versions = Offset(image, dynamic[SymbolVersions]);
        for (int i = 0; symbols + ((i + 1) * SymbolBytes) <= strings; i++)
        {
            var place = image[(versions + (2 * i))..];
            if (BinaryPrimitives.ReadUInt16LittleEndian(place) != version)
                continue;
            int name = strings + (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(symbols + (i * SymbolBytes))..]);
            if (Text(image, name) != NewSymbol)
                return false; // it has come to need more of that version than can be done without
            image.Slice(name, NewSymbol.Length).Clear();
            Encoding.ASCII.GetBytes(OldSymbol, image[name..]);
            BinaryPrimitives.WriteUInt16LittleEndian(place, GlobalVersion);
        }
        return true;
    }

    /// <summary>Marks the version as one that may be missing; returns its number among the symbols' versions, 0 if nobody needs it.</summary>
    private static ushort WeakenNeed(Span<byte> image, Dictionary<ulong, ulong> dynamic)
    {
        int strings = Offset(image, dynamic[StringTable]), need = Offset(image, dynamic[VersionNeeds]);
        for (ulong file = 0; file < dynamic[VersionNeedCount]; file++)
        {
            int entry = need + (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(need + 8)..]);
            int entries = BinaryPrimitives.ReadUInt16LittleEndian(image[(need + 2)..]);
            for (int i = 0; i < entries; i++)
            {
                int name = strings + (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(entry + 8)..]);
                if (Text(image, name) == NeededVersion)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(image[(entry + 4)..], WeakVersion);
                    return BinaryPrimitives.ReadUInt16LittleEndian(image[(entry + 6)..]);
                }
                entry += (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(entry + 12)..]);
            }
            need += (int)BinaryPrimitives.ReadUInt32LittleEndian(image[(need + 12)..]);
        }
        return 0;
    }

    private static IEnumerable<(int Type, int Header)> ProgramHeaders(byte[] header)
    {
        int first = (int)BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54)), count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56));
        for (int i = 0; i < count; i++)
            yield return ((int)BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(first + (i * size))), first + (i * size));
    }

    private static Dictionary<ulong, ulong> Dynamic(ReadOnlySpan<byte> image)
    {
        var entries = new Dictionary<ulong, ulong>();
        foreach (var (type, header) in ProgramHeaders(Head(image)))
        {
            if (type != ProgramHeaderDynamic)
                continue;
            int place = (int)BinaryPrimitives.ReadUInt64LittleEndian(image[(header + 8)..]);
            for (; BinaryPrimitives.ReadUInt64LittleEndian(image[place..]) is not 0 and var tag; place += 16)
                entries.TryAdd(tag, BinaryPrimitives.ReadUInt64LittleEndian(image[(place + 8)..]));
        }
        return entries;
    }

    /// <summary>Where an address of the loaded library stands in the file.</summary>
    private static int Offset(ReadOnlySpan<byte> image, ulong address)
    {
        foreach (var (type, header) in ProgramHeaders(Head(image)))
        {
            ulong start = BinaryPrimitives.ReadUInt64LittleEndian(image[(header + 16)..]), length = BinaryPrimitives.ReadUInt64LittleEndian(image[(header + 32)..]);
            if (type == ProgramHeaderLoad && address >= start && address < start + length)
                return (int)(address - start + BinaryPrimitives.ReadUInt64LittleEndian(image[(header + 8)..]));
        }
        throw new InvalidDataException($"the library has no segment with address {address:x}");
    }

    private static byte[] Head(ReadOnlySpan<byte> image) => image[..4096].ToArray();

    private static string Text(ReadOnlySpan<byte> image, int place)
    {
        var rest = image[place..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
