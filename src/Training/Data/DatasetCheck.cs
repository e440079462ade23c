using System.Security.Cryptography;
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
                $"{_source.Name} holds no images. Atelier reads .png, .jpg, .jpeg and .webp files, in folders below it too, LSUN's LMDB, CIFAR-10 and MNIST.")
            : new DatasetException(
                DatasetProblem.Empty,
                $"{_source.Name}: none of {_outcomes.Length:#,0} images can be used; {_source.ImageNames[0]}: {_outcomes[0].Reason}.");
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
            var image = ImageCodec.Decode(encoded, _options.Background, _options.Resize);
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
                $"{_source.Name}: {name} is {outcome.Size}, but the run's resolution is {resolution}. "
                + $"Pass {NetworkSize.ResizeTo(resolution)} to crop and resize the images each time, or do it once: `{ConvertHint.For(_source.Name, resolution)}`.");
        }

        var size = _outcomes[first].Size;
        return outcome.Size == size ? null : new DatasetException(
            DatasetProblem.MixedSizes,
            $"{_source.Name}: images differ in size: {_source.ImageNames[first]} is {size}, {name} is {outcome.Size}. "
            + $"Pass {NetworkSize.ResizeTo(size)} to crop and resize them each time, or do it once: `{ConvertHint.For(_source.Name, size)}`.");
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
