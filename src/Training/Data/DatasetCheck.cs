using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data;

/// <summary>
/// The pass over all images when a dataset is opened: every image is read, hashed and decoded once, in parallel, so that
/// which images a run uses is known, and the same, before it starts. Fills the cache on the way.
/// </summary>
internal sealed class DatasetCheck
{
    private readonly ImageSource _source;
    private readonly DatasetOptions _options;
    private readonly Outcome[] _outcomes;
    private ImageCache? _cache;

    private DatasetCheck(ImageSource source, DatasetOptions options)
    {
        _source = source;
        _options = options;
        _outcomes = new Outcome[source.ImageNames.Count];
    }

    /// <summary>Checks all images.</summary>
    /// <exception cref="DatasetException">No usable image, a bad one under <see cref="BadImagePolicy.Fail"/>, or sizes
    /// that do not fit; whatever the threads, it is the first problem in the order of names.</exception>
    public static CheckedImages Run(
        ImageSource source, DatasetOptions options, IProgress<int>? progress, CancellationToken cancellation)
    {
        var check = new DatasetCheck(source, options);
        var first = check.FirstUsable(cancellation);
        var size = check._outcomes[first].Size;
        NetworkSize.Require(size, source.ImageNames[first], source.Name);
        check._cache = new ImageCache(source.ImageNames.Count, size.ImageBytes, options.CacheBytes);
        check.All(first, progress, cancellation);
        return check.Result(size);
    }

    // The first usable image fixes the size, and with it how many the cache will hold.
    private int FirstUsable(CancellationToken cancellation)
    {
        for (var i = 0; i < _outcomes.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            _outcomes[i] = Examine(i);
            ThrowOn(i, i);
            if (_outcomes[i].Reason is null)
                return i;
        }

        throw _outcomes.Length == 0
            ? new DatasetException(
                DatasetProblem.Empty,
                $"{_source.Name} contains no images. {ImageSource.WhatIsRead}{(_source.Ignored.Count > 0 ? $" It holds {_source.Ignored}." : "")}")
            : new DatasetException(
                DatasetProblem.Empty,
                $"{_source.Name}: none of {_outcomes.Length:#,0} images is usable; {_source.ImageNames[0]}: {_outcomes[0].Reason}.");
    }

    private void All(int first, IProgress<int>? progress, CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Threads, CancellationToken = cancellation };
        var done = 0;
        // Images up to the first usable one are examined again, for the cache. Break (not Stop) at a problem: every
        // image before it is still examined, so the problem that is told is always the first one.
        Parallel.For(0, _outcomes.Length, parallel, (i, loop) =>
        {
            _outcomes[i] = Examine(i);
            if (Problem(i, first) is not null)
                loop.Break();
            progress?.Report(Interlocked.Increment(ref done));
        });
        for (var i = 0; i < _outcomes.Length; i++)
            ThrowOn(i, first);
    }

    private Outcome Examine(int index)
    {
        try
        {
            var encoded = _source.Read(index);
            var image = ImageCodec.Decode(encoded, _options.Background, _options.Resize, _options.MostPixels);
            _cache?.Add(index, image.Planes);
            return new Outcome(image.Size, encoded.Length, SHA256.HashData(encoded));
        }
        catch (Exception e) when (e is ImageFormatException or InvalidDataException or UnauthorizedAccessException or FileNotFoundException)
        {
            return new Outcome(default, 0, [], e.Message);
        }
        catch (IOException e)
        {
            return new Outcome(default, 0, [], e.Message, StorageFailed: true);
        }
    }

    private void ThrowOn(int index, int first)
    {
        if (Problem(index, first) is { } problem)
            throw problem;
    }

    private DatasetException? Problem(int index, int first)
    {
        var (name, outcome) = (_source.ImageNames[index], _outcomes[index]);
        if (outcome.StorageFailed)
        {
            // A disk or network that fails now may work tomorrow: it must not decide which images a run is made of.
            return new DatasetException(
                DatasetProblem.BadImage, $"{_source.Name}: {name} cannot be read from its storage: {outcome.Reason}. Try again.");
        }

        if (outcome.Reason is { } reason)
        {
            return _options.BadImages == BadImagePolicy.Skip ? null : new DatasetException(
                DatasetProblem.BadImage,
                $"{_source.Name}: {name} cannot be used: {reason}. Repair or remove it, or pass `--bad-images skip` to leave such images out.");
        }

        if (_options.Resolution is { } resolution && outcome.Size != resolution)
        {
            return new DatasetException(
                DatasetProblem.MixedSizes,
                $"{_source.Name}: {name} is {outcome.Size}, but the resolution of the run is {resolution}. "
                + $"Pass {NetworkSize.ResizeTo(resolution)} to crop and resize images on the fly, or do it once: `{ConvertHint.For(_source.Name, resolution)}`.");
        }

        var size = _outcomes[first].Size;
        return outcome.Size == size ? null : new DatasetException(
            DatasetProblem.MixedSizes,
            $"{_source.Name}: images differ in size: {_source.ImageNames[first]} is {size}, {name} is {outcome.Size}. "
            + $"Pass {NetworkSize.ResizeTo(size)} to crop and resize them on the fly, or do it once: `{ConvertHint.For(_source.Name, size)}`.");
    }

    private CheckedImages Result(ImageSize size)
    {
        var usable = new List<int>(_outcomes.Length);
        var bad = new List<BadImage>();
        for (var i = 0; i < _outcomes.Length; i++)
        {
            if (_outcomes[i].Reason is { } reason)
                bad.Add(new BadImage(_source.ImageNames[i], reason));
            else
                usable.Add(i);
        }

        return new CheckedImages(
            size, [.. usable], bad, Array.ConvertAll(_outcomes, o => o.Bytes), Array.ConvertAll(_outcomes, o => o.Sha256), _cache!);
    }

    // What one image turned out to be: a size, its encoded bytes and their hash, or a reason why it is bad.
    private readonly record struct Outcome(ImageSize Size, long Bytes, byte[] Sha256, string? Reason = null, bool StorageFailed = false);
}

/// <summary>What <see cref="DatasetCheck"/> found.</summary>
/// <param name="Size">The one size of all usable images.</param>
/// <param name="Usable">The usable images, as indices into the source's names, ascending.</param>
/// <param name="Bad">The others.</param>
/// <param name="Bytes">Encoded length, by index into the source's names.</param>
/// <param name="Sha256">Hash of the encoded bytes, by index into the source's names.</param>
/// <param name="Cache">Decoded images, by index into the source's names.</param>
internal sealed record CheckedImages(
    ImageSize Size, int[] Usable, IReadOnlyList<BadImage> Bad, long[] Bytes, byte[][] Sha256, ImageCache Cache);

/// <summary>
/// Decoded images within a budget: those with the lowest indices, as many as fit. Nothing is ever evicted, because an
/// epoch shows every image once, and then any fixed subset hits as often as the best policy.
/// </summary>
/// <remarks>Slots are filled by any threads, one image each, before the first <see cref="Get"/>.</remarks>
internal sealed class ImageCache
{
    private readonly byte[]?[] _images;

    /// <summary>Creates an empty cache.</summary>
    /// <param name="imageCount">Images in the dataset.</param>
    /// <param name="imageBytes">Bytes of one decoded image.</param>
    /// <param name="budgetBytes">The most that all of them may take together.</param>
    public ImageCache(int imageCount, int imageBytes, long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(budgetBytes);
        _images = new byte[]?[(int)Math.Min(imageCount, budgetBytes / imageBytes)];
    }

    /// <summary>The bytes held.</summary>
    public long Bytes => _images.Sum(i => (long)(i?.Length ?? 0));

    /// <summary>Keeps the planes of an image, if it has a slot.</summary>
    public void Add(int index, byte[] planes)
    {
        if (index < _images.Length)
            _images[index] = planes;
    }

    /// <summary>The planes of an image, or null if it is not held.</summary>
    public byte[]? Get(int index) => index < _images.Length ? _images[index] : null;
}

/// <summary>The hash by which a run knows its dataset: over names, encoded bytes and labels, image by image.</summary>
internal sealed class DatasetDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds an image.</summary>
    /// <param name="name">Its path inside the dataset.</param>
    /// <param name="bytes">Its encoded length.</param>
    /// <param name="sha256">The hash of its encoded bytes.</param>
    /// <param name="label">Its label; empty without labels.</param>
    public void Add(string name, long bytes, ReadOnlySpan<byte> sha256, ReadOnlySpan<float> label)
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        var encoded = Encoding.UTF8.GetBytes(name);
        // Lengths before content: no two datasets run together to the same bytes.
        BinaryPrimitives.WriteInt64LittleEndian(length, encoded.Length);
        _hash.AppendData(length);
        _hash.AppendData(encoded);
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes);
        _hash.AppendData(length);
        _hash.AppendData(sha256);
        _hash.AppendData(MemoryMarshal.AsBytes(label));
    }

    /// <summary>The SHA-256 of all that was added, in hexadecimal digits.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
