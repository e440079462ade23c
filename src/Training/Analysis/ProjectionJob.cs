using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Atelier.Core;
using Atelier.Storage;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Analysis;

/// <summary>An image to project.</summary>
/// <param name="Name">What its files are called; no path.</param>
/// <param name="Image">Of the network's size.</param>
/// <param name="Label">Its class; null for an unconditional network.</param>
public sealed record ProjectionTarget(string Name, RgbImage Image, int? Label = null);

/// <summary>How far a job is.</summary>
/// <param name="Done">Images that are done.</param>
/// <param name="Total">Images in all.</param>
/// <param name="Step">Steps of the images in work.</param>
/// <param name="Steps">Steps of each.</param>
/// <param name="Distance">Their mean distance; null before the first step.</param>
public sealed record ProjectionProgress(int Done, int Total, int Step, int Steps, double? Distance);

/// <summary>A projection that is done.</summary>
/// <param name="Name">The image's name.</param>
/// <param name="File">Styles and noise maps as safetensors.</param>
/// <param name="Distance">Perceptual distance of the projected picture from the image.</param>
public sealed record ProjectedImage(string Name, string File, double Distance);

/// <summary>
/// Projects images into a folder, some at a time. Killed at any moment, the same job goes on to the same bits: finished images
/// have their files, and those in work a state (<c>unfinished.safetensors</c>) of some steps ago.
/// </summary>
/// <param name="network">The network; not owned.</param>
/// <param name="net">Compares images; not owned.</param>
/// <param name="options">Steps and schedules.</param>
/// <param name="folder">Where the files go.</param>
public sealed class ProjectionJob(LoadedGenerator network, IPerceptualNet net, ProjectionOptions options, string folder)
{
    private const string KeyName = "projection_key";
    private const string DistanceName = "distance";
    private const string StepName = "step";
    private const string StylesName = "w";
    private const string PathName = "w_path";

    private readonly string _networkHash = Convert.ToHexStringLower(SHA256.HashData(network.Values.cpu().contiguous().bytes));
    private readonly Dictionary<int, StyleStatistics> _statistics = [];
    private readonly NetworkPictures _pictures = new(network.Network);

    /// <summary>Images projected at once. It may change the last bits of a result.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>Whether pictures are written beside the styles: the projected one, and both side by side.</summary>
    public bool Pictures { get; init; } = true;

    /// <summary>Frames per second of the videos; with <see cref="ProjectionOptions.Frames"/>.</summary>
    public int FramesPerSecond { get; init; } = 25;

    /// <summary>Steps between two saved states.</summary>
    public int SaveEvery { get; init; } = 50;

    private string StateFile => Path.Combine(folder, "unfinished.safetensors");

    /// <summary>Projects what is not done yet.</summary>
    /// <param name="targets">The images; their names differ.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="stop">Saves the state and leaves.</param>
    /// <returns>All of them, in order.</returns>
    /// <exception cref="UserErrorException">An image has another size, no class or a wrong one, or a file of the folder is of another projection.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; the same job goes on.</exception>
    public IReadOnlyList<ProjectedImage> Run(IReadOnlyList<ProjectionTarget> targets, IProgress<ProjectionProgress>? progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(targets);
        options.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(AtOnce, 1);
        foreach (var target in targets)
            Check(target);
        if (targets.GroupBy(target => target.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new UserErrorException($"two images are named {twice.Key}, so their output files would collide: rename one of them");
        Directory.CreateDirectory(folder);
        var done = new List<ProjectedImage>();
        foreach (var chunk in targets.Chunk(AtOnce))
        {
            var keys = chunk.Select(KeyOf).ToList();
            var finished = chunk.Zip(keys, Finished).ToList();
            // All or none: images that are computed together decide each other's last bits.
            if (finished.Contains(null))
                finished = [.. Project(chunk, keys, new Position(done.Count, targets.Count, progress), stop)];
            else
                DeleteState(keys);
            done.AddRange(finished!);
            progress?.Report(new ProjectionProgress(done.Count, targets.Count, 0, options.Steps, null));
        }
        return done;
    }

    private List<ProjectedImage> Project(ProjectionTarget[] chunk, List<string> keys, Position position, CancellationToken stop)
    {
        using var scope = NewDisposeScope();
        var size = _pictures.Size;
        var pixels = chunk.SelectMany(target => target.Image.Planes).ToArray();
        using var projector = new Projector(network.Network, net, tensor(pixels, [chunk.Length, 3, size.Height, size.Width]), [.. chunk.Select(StatisticsOf)], options);
        var frames = new List<Tensor>();
        Resume(projector, keys, frames);
        while (!projector.IsDone)
        {
            if (stop.IsCancellationRequested)
            {
                Save(projector, keys, frames);
                stop.ThrowIfCancellationRequested();
            }
            double distance = projector.Advance();
            if (options.IsFrame(projector.Step))
                frames.Add(projector.Styles());
            position.Report(projector.Step, options.Steps, distance);
            if (projector.Step % SaveEvery == 0)
                Save(projector, keys, frames);
        }
        var results = Write(projector, chunk, keys, frames, stop);
        DeleteState(keys);
        return results;
    }

    private List<ProjectedImage> Write(Projector projector, ProjectionTarget[] chunk, List<string> keys, List<Tensor> frames, CancellationToken stop)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var styles = projector.Styles();
        var images = projector.Synthesize(styles);
        var distances = projector.Distances(images).cpu().to(ScalarType.Float32).data<float>().ToArray().Select(distance => (double)distance).ToArray();
        var projected = NetworkPictures.ToPictures(images);
        if (frames.Count > 0)
            WriteVideos(projector, chunk, frames, stop);
        var results = new List<ProjectedImage>();
        for (int i = 0; i < chunk.Length; i++)
        {
            var (target, path) = (chunk[i], FileOf(chunk[i]));
            if (Pictures)
            {
                AtomicFile.WriteAllBytes(Path.ChangeExtension(path, ".png"), ImageCodec.EncodePng(projected[i]));
                AtomicFile.WriteAllBytes(Beside(target, "-compared.png"), ImageCodec.EncodePng(ImageGrid.Compose([target.Image, projected[i]], 2)));
            }
            var tensors = new List<NamedTensor> { new(StylesName, styles.narrow(0, i, 1)) };
            tensors.AddRange(projector.Noise.Select((noise, layer) => new NamedTensor($"noise.{layer}", noise.detach().narrow(0, i, 1))));
            if (frames.Count > 0)
                tensors.Add(new NamedTensor(PathName, stack([.. frames.Select(frame => frame.select(0, i))])));
            // The last file of an image: where it is, the others are.
            SafetensorsTensors.Write(path, tensors, new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [KeyName] = keys[i], [DistanceName] = distances[i].ToString("R", CultureInfo.InvariantCulture), ["perceptual_net"] = net.Name, ["options"] = options.Identity,
            });
            results.Add(new ProjectedImage(target.Name, path, distances[i]));
        }
        return results;
    }

    // All frames with the last noise maps, as published.
    private void WriteVideos(Projector projector, ProjectionTarget[] chunk, List<Tensor> frames, CancellationToken stop)
    {
        var pictures = new List<IReadOnlyList<RgbImage>>();
        foreach (var frame in frames)
        {
            stop.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            pictures.Add(NetworkPictures.ToPictures(projector.Synthesize(frame)));
        }
        for (int i = 0; i < chunk.Length; i++)
            VideoWriter.Write(Beside(chunk[i], ".mp4"), pictures.Select(frame => ImageGrid.Compose([chunk[i].Image, frame[i]], 2)), FramesPerSecond, stop);
    }

    private void Save(Projector projector, List<string> keys, List<Tensor> frames)
    {
        using var scope = NewDisposeScope();
        var tensors = new List<NamedTensor> { new("values", projector.Values), new("first_moment", projector.FirstMoment), new("second_moment", projector.SecondMoment) };
        if (frames.Count > 0)
            tensors.Add(new NamedTensor(PathName, stack(frames)));
        SafetensorsTensors.Write(StateFile, tensors, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [KeyName] = string.Join(' ', keys), [StepName] = projector.Step.ToString(CultureInfo.InvariantCulture),
        });
    }

    private void Resume(Projector projector, List<string> keys, List<Tensor> frames)
    {
        if (!File.Exists(StateFile))
            return;
        using var file = SafetensorsReader.Open(StateFile);
        if (file.Metadata.GetValueOrDefault(KeyName) != string.Join(' ', keys))
            throw new UserErrorException($"{StateFile} belongs to a different projection (other images, network, options or batch): finish that one, delete the file, or choose another folder with --out");
        projector.Restore(
            int.Parse(file.Metadata[StepName], CultureInfo.InvariantCulture), SafetensorsTensors.Read(file, "values"), SafetensorsTensors.Read(file, "first_moment"), SafetensorsTensors.Read(file, "second_moment"));
        if (file.Contains(PathName))
            frames.AddRange(SafetensorsTensors.Read(file, PathName).unbind(0));
    }

    // A process that is killed after its images' last file leaves their state.
    private void DeleteState(List<string> keys)
    {
        if (!File.Exists(StateFile))
            return;
        bool isOurs;
        using (var file = SafetensorsReader.Open(StateFile))
            isOurs = file.Metadata.GetValueOrDefault(KeyName) == string.Join(' ', keys);
        if (isOurs)
            File.Delete(StateFile);
    }

    private ProjectedImage? Finished(ProjectionTarget target, string key)
    {
        var path = FileOf(target);
        if (!File.Exists(path))
            return null;
        using var file = SafetensorsReader.Open(path);
        return file.Metadata.GetValueOrDefault(KeyName) == key
            ? new ProjectedImage(target.Name, path, double.Parse(file.Metadata[DistanceName], CultureInfo.InvariantCulture))
            : throw new UserErrorException($"{path} belongs to a different projection (another image, network or other options): delete it, or choose another folder with --out");
    }

    private void Check(ProjectionTarget target)
    {
        if (target.Image.Size != _pictures.Size)
            throw new UserErrorException($"{target.Name} has {target.Image.Size} pixels, but this network draws {_pictures.Size}: crop and resize it with --resize fit");
        using var _ = NetworkPictures.Labels(network.Network.Config, target.Label, 1, CPU);
        if (target.Name.Length == 0 || target.Name.AsSpan().ContainsAny(Path.GetInvalidFileNameChars()))
            throw new ArgumentException($"`{target.Name}` is not a file name");
    }

    private StyleStatistics StatisticsOf(ProjectionTarget target)
    {
        int label = target.Label ?? -1;
        if (_statistics.TryGetValue(label, out var known))
            return known;
        using var labels = NetworkPictures.Labels(network.Network.Config, target.Label, 1, network.Values.device);
        var measured = StyleStatistics.Measure(network.Network, labels, options.StyleSamples);
        measured.Mean.DetachFromDisposeScope();
        return _statistics[label] = measured;
    }

    private string KeyOf(ProjectionTarget target)
    {
        var all = $"{_networkHash} {net.Identity} {options.Identity} {target.Label} {Convert.ToHexStringLower(SHA256.HashData(target.Image.Planes))} {Pictures}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    private string FileOf(ProjectionTarget target) => Beside(target, ".safetensors");

    private string Beside(ProjectionTarget target, string ending) => Path.Combine(folder, target.Name + ending);

    private sealed record Position(int Done, int Total, IProgress<ProjectionProgress>? Progress)
    {
        public void Report(int step, int steps, double distance) => Progress?.Report(new ProjectionProgress(Done, Total, step, steps, distance));
    }
}
