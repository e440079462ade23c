using System.Security.Cryptography;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>
/// The images of a run: decoded, of one size, with labels; which ones they are, and in which order, depends on nothing
/// but the files. Reading is safe from any number of threads.
/// </summary>
public sealed class ImageDataset : IDisposable
{
    private readonly ImageSource _source;
    private readonly DatasetOptions _options;
    private readonly LabelTable _labels;
    private readonly CheckedImages _images;

    private ImageDataset(ImageSource source, DatasetOptions options, LabelTable labels, CheckedImages images)
    {
        _source = source;
        _options = options;
        _labels = labels;
        _images = images;
        UnusedLabels = options.Labels == LabelUse.Ignore ? LabelTable.Unused(source) : null;
        Notes = [.. NotesOf(labels)];
        ContentHash = Hash();
    }

    /// <summary>What people call the dataset.</summary>
    public string Name => _source.Name;

    /// <summary>Usable images.</summary>
    public int Count => _images.Usable.Length;

    /// <summary>The size of every image, after resizing.</summary>
    public ImageSize Resolution => _images.Size;

    /// <summary>Bytes of one image [3, H, W].</summary>
    public int ImageBytes => Resolution.ImageBytes;

    /// <summary>Numbers in a label; 0 without labels.</summary>
    public int LabelDim => _labels.Dimension;

    /// <summary>The images left out, in the order of their names.</summary>
    public IReadOnlyList<BadImage> BadImages => _images.Bad;

    /// <summary>What whoever trains on the dataset should know: ignored files, labels that are not used, classes without images.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Memory taken by decoded images.</summary>
    public long CachedBytes => _images.Cache.Bytes;

    /// <summary>
    /// SHA-256 (hex) over names, encoded bytes and labels of the usable images, in the order of names: the same for a
    /// folder and for a zip file of it, and for any order of entries.
    /// </summary>
    public string ContentHash { get; }

    /// <summary>
    /// What decides the pixels that are seen: the content, and how it is cropped, resized and laid on a background. Equal
    /// for two openings exactly when statistics of one are statistics of the other.
    /// </summary>
    public string Identity => $"{ContentHash} {Resolution} {(_options.Resize is null ? "as-is" : "fit")} {_options.Background}";

    /// <summary>Opens a dataset: reads the labels and checks every image.</summary>
    /// <param name="source">The files; owned by the dataset from here on, also when this throws.</param>
    /// <param name="options">How to read them.</param>
    /// <param name="progress">Told the number of images checked, from any thread.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <exception cref="DatasetException">The dataset cannot be trained on as asked.</exception>
    public static ImageDataset Open(
        ImageSource source, DatasetOptions options, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            if (options.Resize is { } resize)
                NetworkSize.Require(resize, "the size asked for");
            // Labels first: they are checked in no time, the images are not.
            var labels = LabelTable.Read(source, options.Labels);
            return new ImageDataset(source, options, labels, DatasetCheck.Run(source, options, progress, cancellation));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>The path of an image inside the dataset.</summary>
    public string NameOf(int index) => _source.ImageNames[_images.Usable[index]];

    /// <summary>Writes the pixels of an image.</summary>
    /// <param name="index">The image, below <see cref="Count"/>.</param>
    /// <param name="mirror">Whether left and right are exchanged.</param>
    /// <param name="pixels">uint8 [3, H, W].</param>
    /// <exception cref="DatasetException">The image has changed since the dataset was opened.</exception>
    public void CopyPixels(int index, bool mirror, Span<byte> pixels)
    {
        var at = _images.Usable[index];
        var planes = _images.Cache.Get(at) ?? Decode(at);
        planes.CopyTo(pixels);
        if (!mirror)
            return;
        for (var row = 0; row < 3 * Resolution.Height; row++)
            pixels.Slice(row * Resolution.Width, Resolution.Width).Reverse();
    }

    /// <summary>Writes the label of an image.</summary>
    /// <param name="index">The image, below <see cref="Count"/>.</param>
    /// <param name="label">float32 [LabelDim].</param>
    public void CopyLabel(int index, Span<float> label)
    {
        if (LabelDim > 0)
            _labels.CopyTo(_images.Usable[index], label);
    }

    /// <summary>The class of an image; null without labels, or where they are vectors.</summary>
    /// <param name="index">The image, below <see cref="Count"/>.</param>
    public int? ClassOf(int index) => LabelDim == 0 ? null : _labels.ClassOf(_images.Usable[index]);

    /// <summary>The labels that are used, in words: <c>10 classes</c>; null for none.</summary>
    public string? DescribeLabels() => _labels.Describe();

    /// <summary>The labels that are there and not used, in words; null for none.</summary>
    public string? UnusedLabels { get; }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private IEnumerable<string> NotesOf(LabelTable labels)
    {
        if (_source.Ignored is { Count: > 0 } ignored)
            yield return $"{Name}: ignored, not images: {ignored}";
        if (UnusedLabels is { } unused)
            yield return unused;
        if (labels.Gaps() is { } gaps)
            yield return $"{Name}: {ImageSource.LabelFile}: {gaps}";
    }

    private byte[] Decode(int at)
    {
        try
        {
            var encoded = _source.Read(at);
            // An image edited under a running run would change its trajectory without a trace.
            if (encoded.Length != _images.Bytes[at] || !SHA256.HashData(encoded).AsSpan().SequenceEqual(_images.Sha256[at]))
                throw new InvalidDataException("its content has changed");
            return ImageCodec.Decode(encoded, _options.Background, _options.Resize, _options.MostPixels).Planes;
        }
        catch (Exception e) when (e is ImageFormatException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new DatasetException(
                DatasetProblem.BadImage,
                $"{Name}: {_source.ImageNames[at]} was readable when the run started but is not now: {e.Message}. "
                + "Restore the dataset as it was, then resume.",
                e);
        }
    }

    private string Hash()
    {
        using var digest = new DatasetDigest();
        var label = new float[LabelDim];
        for (var i = 0; i < Count; i++)
        {
            var at = _images.Usable[i];
            CopyLabel(i, label);
            digest.Add(_source.ImageNames[at], _images.Bytes[at], _images.Sha256[at], label);
        }

        return digest.Finish();
    }
}
