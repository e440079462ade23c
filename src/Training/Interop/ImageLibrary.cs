using System.Runtime.InteropServices;

namespace Atelier.Training.Interop;

/// <summary>The raw imports of <c>libatelier_image.so</c>; the contract of each stands in <c>native/image/image.h</c>.</summary>
internal static partial class ImageLibrary
{
    private const string Library = "atelier_image";

    [LibraryImport(Library, EntryPoint = "atelier_image_decode")]
    internal static partial int Decode(
        ref readonly byte data, nuint length, int width, int height, uint background,
        out ImageMemory planes, out int outWidth, out int outHeight);

    [LibraryImport(Library, EntryPoint = "atelier_image_encode")]
    internal static partial int Encode(
        ref readonly byte planes, int width, int height, int format, int quality,
        out ImageMemory data, out nuint length);

    [LibraryImport(Library, EntryPoint = "atelier_image_glyph", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Glyph(
        string text, string family, int width, int height, uint background,
        ref byte planes, out int visible);

    [LibraryImport(Library, EntryPoint = "atelier_image_font_codepoints", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int FontCodePoints(string family, ref uint codePoints, nuint capacity, out nuint count);

    [LibraryImport(Library, EntryPoint = "atelier_image_svg")]
    internal static partial int Svg(
        ref readonly byte data, nuint length, double scale, uint background,
        out ImageMemory planes, out int outWidth, out int outHeight);

    [LibraryImport(Library, EntryPoint = "atelier_image_free")]
    internal static partial void Free(nint memory);

    /// <summary>The one-line reason of the last failure on this thread.</summary>
    internal static string LastError() => Marshal.PtrToStringUTF8(LastErrorPointer()) ?? "";

    [LibraryImport(Library, EntryPoint = "atelier_image_last_error")]
    private static partial nint LastErrorPointer();
}
