using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>What <see cref="DatasetCheck"/> found.</summary>
/// <param name="Size">The one size of all usable images.</param>
/// <param name="Usable">The usable images, as indices into the source's names, ascending.</param>
/// <param name="Bad">The others.</param>
/// <param name="Bytes">Encoded length, by index into the source's names.</param>
/// <param name="Sha256">Hash of the encoded bytes, by index into the source's names.</param>
/// <param name="Cache">Decoded images, by index into the source's names.</param>
internal sealed record CheckedImages(
    ImageSize Size, int[] Usable, IReadOnlyList<BadImage> Bad, long[] Bytes, byte[][] Sha256, ImageCache Cache);
