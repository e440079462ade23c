using System.IO.Compression;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>
/// The dataset that needs no download: 104 faces of Noto Color Emoji on white (U+1F600–1F644, 1F910–1F917, 1F920–1F92F,
/// 1F970–1F97A), which travel inside the assembly at 64×64 (data/emoji-faces has their licence).
/// </summary>
public static class EmojiFaces
{
    private const string Resource = "emoji-faces/faces-64.zip";

    /// <summary>The faces as a dataset.</summary>
    /// <param name="size">The size of the images.</param>
    /// <exception cref="DatasetException">Networks cannot have this size.</exception>
    public static ImageSource Open(ImageSize size)
    {
        NetworkSize.Require(size, "the size asked for");
        using var stream = typeof(EmojiFaces).Assembly.GetManifestResourceStream(Resource)!;
        using var zip = new ZipArchive(stream);
        var images = zip.Entries.Select(entry => KeyValuePair.Create(entry.FullName, Fitted(Read(entry), size))).ToArray();
        return new MemoryImageSource("emoji faces", images);
    }

    private static byte[] Read(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        var file = new byte[entry.Length];
        stream.ReadExactly(file);
        return file;
    }

    private static byte[] Fitted(byte[] file, ImageSize size) =>
        PngReader.SizeOf(file) == size ? file : ImageCodec.EncodePng(ImageCodec.Decode(file, RgbColor.White, size));
}
