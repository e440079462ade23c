using Atelier.Storage;
using Atelier.Training.Imaging;

namespace Atelier.Training.Data.Conversion;

/// <summary>
/// Packs a dataset of any kind into a zip file in the published layout: images of one size as PNG in the order of the
/// source, and their labels. The bytes depend on source and options alone. Interrupted, by whatever means, the same
/// conversion goes on with what it had done.
/// </summary>
public sealed class DatasetConversion
{
    private readonly ImageSource _source;
    private readonly ConversionOptions _options;
    private readonly ImageTransform _transform;
    private readonly LabelTable _labels;
    private readonly PartialFile _partial;
    private readonly TimeProvider _time;
    private readonly int _count;
    private readonly List<int> _packed = [];
    private readonly List<BadImage> _bad = [];
    private int _alreadyThere;
    private int _tooSmall;
    private ImageSize? _size;

    private DatasetConversion(ImageSource source, string output, ConversionOptions options, TimeProvider time)
    {
        options.Require();
        (_source, _options, _time) = (source, options, time);
        if (Directory.Exists(output))
            throw new DatasetException(DatasetProblem.NotFound, $"{output} is a folder; name a zip file to write");
        if (File.Exists(output) && !options.Replace)
            throw new DatasetException(DatasetProblem.NotFound, $"{output} already exists; pass --force to replace it, or choose another --out");
        _count = Math.Min(source.ImageNames.Count, options.MostImages ?? int.MaxValue);
        _transform = new ImageTransform(options.Crop, options.Resolution, options.Filter);
        _size = _transform.Output;
        RequireUsable(_size, "the size asked for");
        _labels = LabelTable.Read(source, options.Labels);
        _partial = new PartialFile(output, $"{options.Stamp()}\n{source.Stamp()}");
    }

    /// <summary>Converts a dataset.</summary>
    /// <param name="source">The images; not disposed.</param>
    /// <param name="output">The zip file to write.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told after every image.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops between two images; the same conversion goes on from there.</param>
    /// <exception cref="DatasetException">The source or the options cannot be used; it is the first problem in the order of
    /// the source, whatever the jobs.</exception>
    /// <exception cref="IOException">The disk is full or fails; what was done stays.</exception>
    public static ConversionResult Run(
        ImageSource source, string output, ConversionOptions options,
        IProgress<ConversionProgress>? progress = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(options);
        return new DatasetConversion(source, output, options, time ?? TimeProvider.System).Run(progress, cancellation);
    }

    private ConversionResult Run(IProgress<ConversionProgress>? progress, CancellationToken cancellation)
    {
        var start = _time.GetTimestamp();
        try
        {
            using (var file = _partial.Open())
                Write(file, start, progress, cancellation);
            var bytes = new FileInfo(_partial.Path).Length;
            _partial.Publish();
            return new ConversionResult(
                _size!.Value, _packed.Count, _alreadyThere, _bad, _tooSmall, _labels.Dimension > 0, bytes, _time.GetElapsedTime(start));
        }
        catch (IOException e) when (DiskFull.Is(e))
        {
            throw new IOException(
                $"{_partial.Path}: the disk is full after {_packed.Count:#,0} of {_count:#,0} images. Free some space and run the same command again to continue.", e);
        }
    }

    private void Write(FileStream file, long start, IProgress<ConversionProgress>? progress, CancellationToken cancellation)
    {
        var zip = StoredZip.Open(file, Keep);
        _alreadyThere = _packed.Count;
        var there = _packed.ToHashSet();
        var last = _packed.Count > 0 ? _packed[^1] : -1;
        var todo = Enumerable.Range(0, _count).Where(i => !there.Contains(i)).ToArray();
        foreach (var (index, image) in OrderedWork.Run(todo, _options.Jobs, Convert, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            if (Accepted(index, image) is { } png)
            {
                // What was left out before and is none now: the files are not what they were.
                if (index < last)
                    throw new DatasetException(DatasetProblem.BadImage, $"{NameOf(index)} was unusable when this conversion began, but is usable now. Delete {_partial.Path} and start again.");
                zip.Add(PackedName.Of(index), png);
                _packed.Add(index);
            }

            progress?.Report(new ConversionProgress(_packed.Count + _bad.Count + _tooSmall, _count, _time.GetElapsedTime(start), _alreadyThere));
        }

        RequireAny();
        zip.Add(ImageSource.LabelFile, System.Text.Encoding.UTF8.GetBytes(LabelJson.Write(
            _packed.Select(PackedName.Of), _labels.Dimension > 0 ? _packed.Select(i => _labels.ToJson(i)!) : null)));
        zip.Finish();
        file.Flush(flushToDisk: true);
    }

    // Whether an entry that an earlier conversion wrote is one that this conversion would write there.
    private bool Keep(string name, byte[] content)
    {
        if (PackedName.IndexOf(name) is not { } index || index >= _count || (_packed.Count > 0 && index <= _packed[^1])
            || PngReader.SizeOf(content) is not { } size || size != (_size ?? size))
            return false;
        _size = size;
        _packed.Add(index);
        return true;
    }

    private ConvertedImage Convert(int index)
    {
        try
        {
            var image = ImageCodec.Decode(_source.Read(index), _options.Background, mostPixels: _options.MostPixels);
            return _transform.Apply(image) is { } result
                ? new ConvertedImage(ImageCodec.EncodeStoredPng(result.Planes, result.Size), result.Size)
                : new ConvertedImage(null);
        }
        catch (Exception e) when (e is ImageFormatException or InvalidDataException or UnauthorizedAccessException or FileNotFoundException)
        {
            return new ConvertedImage(null, Reason: e.Message);
        }
        catch (IOException e)
        {
            return new ConvertedImage(null, Reason: e.Message, StorageFailed: true);
        }
    }

    // The file to store; null for an image that is left out, which is counted.
    private byte[]? Accepted(int index, ConvertedImage image)
    {
        if (image.StorageFailed)
            throw new DatasetException(DatasetProblem.BadImage, $"{NameOf(index)} cannot be read from its storage: {image.Reason}. Run the same command again to continue.");
        if (image.Reason is { } reason)
        {
            if (_options.BadImages == BadImagePolicy.Fail)
                throw new DatasetException(DatasetProblem.BadImage, $"{NameOf(index)} cannot be used: {reason}. Repair or remove it, or pass `--bad-images skip` to leave such images out.");
            _bad.Add(new BadImage(_source.ImageNames[index], reason));
        }
        else if (image.Png is null)
        {
            _tooSmall++;
        }
        else if (_size is null)
        {
            RequireUsable(image.Size, NameOf(index));
            _size = image.Size;
        }
        else if (image.Size != _size)
        {
            throw new DatasetException(
                DatasetProblem.MixedSizes,
                $"{NameOf(index)} is {image.Size}, but those before it are {_size}. Pass `--resolution {_size} --crop center-crop` (or another size) to give all of them one size.");
        }

        return image.Png;
    }

    private static void RequireUsable(ImageSize? size, string what)
    {
        if (size is { } known && !NetworkSize.IsUsable(known))
        {
            throw new DatasetException(
                DatasetProblem.UnusableSize,
                $"{what} is {known}: the networks double in size from layer to layer, so width and height must be multiples of 4 (powers of two are best). Pass `--resolution` with such a size.");
        }
    }

    private void RequireAny()
    {
        if (_packed.Count > 0)
            return;
        throw new DatasetException(DatasetProblem.Empty, _count == 0
            ? $"{_source.Name} contains no images. {ImageSource.WhatIsRead}"
            : $"{_source.Name}: none of {_count:#,0} images is usable: {_bad.Count:#,0} cannot be decoded, {_tooSmall:#,0} are smaller than {_options.Resolution}.");
    }

    private string NameOf(int index) => $"{_source.Name}: {_source.ImageNames[index]}";
}

/// <summary>What became of one image: a file, or the reason why there is none (neither: it is too small).</summary>
/// <param name="Png">The file to store.</param>
/// <param name="Size">Its size in pixels.</param>
/// <param name="Reason">Why the source image cannot be used, in one line.</param>
/// <param name="StorageFailed">Whether that is its storage's fault and may be otherwise tomorrow.</param>
internal readonly record struct ConvertedImage(byte[]? Png, ImageSize Size = default, string? Reason = null, bool StorageFailed = false);
