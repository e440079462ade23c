using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Conversion;

/// <summary>What became of one image: a file, or the reason why there is none (neither: it is too small).</summary>
/// <param name="Png">The file to store.</param>
/// <param name="Size">Its size in pixels.</param>
/// <param name="Reason">Why the source image cannot be used, in one line.</param>
/// <param name="StorageFailed">Whether that is its storage's fault and may be otherwise tomorrow.</param>
internal readonly record struct ConvertedImage(byte[]? Png, ImageSize Size = default, string? Reason = null, bool StorageFailed = false);
