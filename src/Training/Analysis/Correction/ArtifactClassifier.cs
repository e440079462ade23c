using System.Globalization;
using System.Security.Cryptography;
using Atelier.Core;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Atelier.Training.Analysis.Correction;

/// <summary>The classes of the classifier, in the order of its logits.</summary>
public enum ImageClass
{
    /// <summary>A generated image with a defect.</summary>
    Artifact,

    /// <summary>A generated image without one.</summary>
    Normal,

    /// <summary>An image of the dataset.</summary>
    Real,
}

/// <summary>How the classifier is made and trained.</summary>
/// <param name="Width">Channels of its first stage.</param>
/// <param name="Batch">Images in a minibatch.</param>
/// <param name="LearningRate">Adam's.</param>
/// <param name="Seed">Of its weights and of what it sees.</param>
/// <param name="TestShare">Part of each class that it is tested on and never trained with.</param>
public sealed record ClassifierOptions(int Width = 64, int Batch = 32, double LearningRate = 1e-3, ulong Seed = 0, double TestShare = .2);

/// <summary>
/// A ResNet-18 that tells images with artifacts from normal and real ones (Tousi, Jeong et al. 2021 §3.2), and says by Grad-CAM where
/// it sees them. Minibatches take a class, then an image of it, both at random, mirrored half of the time; every draw is a function of the
/// step, so that stopped training goes on to the same bits.
/// </summary>
public sealed class ArtifactClassifier : IDisposable
{
    private const int Classes = 3;
    private const int AtOnce = 32;

    private readonly ClassifierOptions _options;
    private readonly NetworkLayout _layout;
    private readonly Tensor _values;
    private readonly Tensor _gradients;
    private readonly Tensor _first;
    private readonly Tensor _second;
    private readonly NetworkViews _views;
    private readonly ResidualNetwork _network;

    /// <summary>A new classifier.</summary>
    /// <param name="side">The longer side of the images.</param>
    /// <param name="options">Its width, and how it is trained.</param>
    /// <param name="device">Where it computes.</param>
    public ArtifactClassifier(int side, ClassifierOptions options, Device device)
    {
        ArgumentNullException.ThrowIfNull(options);
        (Side, _options) = (side, options);
        _layout = NetworkLayout.Of(tensors => _ = new ResidualNetwork(tensors, side, options.Width, Classes));
        _values = zeros([_layout.Length], ScalarType.Float32, device).DetachFromDisposeScope();
        _gradients = zeros([_layout.ParameterLength], ScalarType.Float32, device).DetachFromDisposeScope();
        _first = zeros([_layout.ParameterLength], ScalarType.Float32, device).DetachFromDisposeScope();
        _second = zeros([_layout.ParameterLength], ScalarType.Float32, device).DetachFromDisposeScope();
        for (int i = 0; i < _layout.Entries.Count; i++)
        {
            using var scope = NewDisposeScope();
            var entry = _layout.Entries[i];
            var values = empty([entry.Count], ScalarType.Float32);
            var (key, high) = new DrawKey(options.Seed, 0, DrawPurpose.ClassifierWeights, Layer: i).ToPhilox();
            PhiloxFill.Normal(values, key, high);
            _values.narrow(0, entry.Offset, entry.Count).copy_(values.Times(entry.Initial.Deviation).Plus(entry.Initial.Mean));
        }
        _views = new NetworkViews(_layout, _values, _gradients);
        _network = new ResidualNetwork(_views, side, options.Width, Classes);
    }

    /// <summary>The longer side of its images.</summary>
    public int Side { get; }

    /// <summary>Minibatches that it was trained on.</summary>
    public long Steps { get; private set; }

    /// <summary>SHA-256 of its weights.</summary>
    public string Digest
    {
        get
        {
            using var host = _values.cpu();
            return Convert.ToHexStringLower(SHA256.HashData(host.bytes));
        }
    }

    /// <summary>Trains on one minibatch.</summary>
    /// <param name="images">By class, uint8 [n, 3, H, W]; those that <see cref="Test"/> tests are left out.</param>
    /// <returns>The loss.</returns>
    public double Step(IReadOnlyList<Tensor> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var train = Enumerable.Range(0, Classes).Select(kind => Split(images[kind].shape[0], kind).Train).ToList();
        var chosen = new List<Tensor>();
        var targets = new long[_options.Batch];
        for (int i = 0; i < _options.Batch; i++)
        {
            var key = new DrawKey(_options.Seed, 0, DrawPurpose.ClassifierImages, Iteration: Steps, Index: i);
            int kind = (int)(targets[i] = ScalarDraws.Below(key, Classes));
            long image = train[kind][(int)ScalarDraws.Below(key with { Layer = 1 }, train[kind].Count)];
            var pixels = images[kind].select(0, image);
            chosen.Add(ScalarDraws.Bernoulli(key with { Layer = 2 }, .5) ? pixels.flip(2) : pixels);
        }
        _gradients.zero_();
        var loss = F.cross_entropy(_network.Logits(_network.Features(Scale(stack([.. chosen], 0)), training: true), training: true), tensor(targets, device: _values.device));
        loss.backward(grad_tensors: null, retain_graph: false, create_graph: false, inputs: [.. _views.Trainable]);
        FlatOptimizer.AdamStep(
            _values.narrow(0, 0, _layout.ParameterLength), _gradients, _first, _second, new AdamHyper(_options.LearningRate, .9, .999, 1e-8), ++Steps, 1);
        return loss.item<float>();
    }

    /// <summary>The part of each class's test images that it gets right; NaN for a class with none.</summary>
    /// <param name="images">By class, uint8 [n, 3, H, W].</param>
    public IReadOnlyList<double> Test(IReadOnlyList<Tensor> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return [.. Enumerable.Range(0, Classes).Select(kind =>
        {
            var test = Split(images[kind].shape[0], kind).Test;
            using var scope = NewDisposeScope();
            return test.Count == 0 ? double.NaN : Probabilities(images[kind].index_select(0, tensor(test.ToArray()))).argmax(1).eq(Number((long)kind)).to(ScalarType.Float32).mean().item<float>();
        })];
    }

    /// <summary>Probabilities of the classes.</summary>
    /// <param name="images">uint8 [n, 3, H, W]</param>
    /// <returns>[n, 3]</returns>
    public Tensor Probabilities(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. images.split(AtOnce, 0).Select(some => _network.Logits(_network.Features(Scale(some), training: false), training: false).softmax(1))], 0).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Where images show artifacts, by Grad-CAM (Selvaraju et al. 2017) of that class at <see cref="ResidualNetwork.Features"/>: max(0, Σ weight·map) with each
    /// map's mean gradient for its weight, brought to the images' size bilinearly and to [0, 1] by its minimum and maximum.
    /// </summary>
    /// <param name="images">uint8 [n, 3, H, W]</param>
    /// <returns>[n, H, W]; all zeros where nothing speaks for the class.</returns>
    public Tensor ArtifactMaps(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var features = _network.Features(Scale(images), training: false).detach().requires_grad_();
        var logits = _network.Logits(features, training: false).select(1, (long)ImageClass.Artifact);
        var gradient = DifferentiationScope.Gradients([logits.sum()], [features])[0]!;
        using var _ = no_grad();
        var map = F.relu((features * gradient.mean([2L, 3L], keepdim: true)).sum([1L], keepdim: true)); // [n,1,h,w]
        return MapScaling.Normalised(MapScaling.Resize(map, images.shape[2], images.shape[3])).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>Writes weights, moments and steps.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="basis">What it was trained on; <see cref="TryLoad"/> asks for the same.</param>
    public void Save(string path, string basis) => SafetensorsTensors.Write(
        path,
        [new("values", _values), new("adam.first", _first), new("adam.second", _second)],
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["basis"] = basis,
            ["side"] = Side.ToString(CultureInfo.InvariantCulture),
            ["width"] = _options.Width.ToString(CultureInfo.InvariantCulture),
            ["steps"] = Steps.ToString(CultureInfo.InvariantCulture),
        });

    /// <summary>Goes on from a file of the same basis.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryLoad(string path, string basis)
    {
        if (!File.Exists(path))
            return false;
        using var file = SafetensorsReader.Open(path);
        if (file.Metadata.GetValueOrDefault("basis") != basis)
            return false;
        Fill(file);
        return true;
    }

    /// <summary>Loads a classifier for use.</summary>
    /// <exception cref="UserErrorException">The file is missing, or holds none.</exception>
    public static ArtifactClassifier Load(string path, Device device)
    {
        using var file = SafetensorsReader.Open(path);
        int Number(string key) => int.TryParse(file.Metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0
            ? value
            : throw new UserErrorException($"{path} is not an artifact classifier; make one with `atelier correct train`");
        var classifier = new ArtifactClassifier(Number("side"), new ClassifierOptions(Number("width")), device);
        classifier.Fill(file);
        return classifier;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _views.Release();
        foreach (var buffer in new[] { _values, _gradients, _first, _second })
            buffer.Dispose();
    }

    private Tensor Scale(Tensor images) => images.to(_values.device).to(ScalarType.Float32).DividedBy(127.5).Minus(1);

    private void Fill(SafetensorsReader file)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (name, buffer) in new[] { ("values", _values), ("adam.first", _first), ("adam.second", _second) })
        {
            var stored = SafetensorsTensors.Read(file, name);
            if (stored.numel() != buffer.numel())
                throw new UserErrorException($"{file.Source}: the classifier has {stored.numel():#,0} values in `{name}`, but needs {buffer.numel():#,0}");
            buffer.copy_(stored);
        }
        Steps = long.Parse(file.Metadata["steps"], CultureInfo.InvariantCulture);
    }

    /// <summary>The images of a class to train with, and those to test with.</summary>
    private (IReadOnlyList<long> Train, IReadOnlyList<long> Test) Split(long count, int kind)
    {
        int tested = (int)(count * _options.TestShare);
        var order = Core.Metrics.RandomSubset.Draw(new DrawKey(_options.Seed, 0, DrawPurpose.ClassifierSplit, Index: kind), (int)count, (int)count);
        return (order[tested..], order[..tested]);
    }
}

/// <summary>Maps of different layers made comparable.</summary>
internal static class MapScaling
{
    /// <summary>Bilinear, without aligned corners.</summary>
    /// <param name="maps">[N, C, h, w]</param>
    /// <returns>[N, C, height, width]</returns>
    public static Tensor Resize(Tensor maps, long height, long width) =>
        maps.shape[2] == height && maps.shape[3] == width ? maps : F.interpolate(maps, [height, width], mode: InterpolationMode.Bilinear, align_corners: false);

    /// <summary>Each map by its own minimum and maximum to [0, 1]; a constant one to 0.</summary>
    /// <param name="maps">[N, C, H, W]</param>
    public static Tensor Normalised(Tensor maps)
    {
        var low = maps.amin([2L, 3L], keepdim: true);
        var range = maps.amax([2L, 3L], keepdim: true) - low;
        return (maps - low) / where(range > zeros_like(range), range, ones_like(range));
    }
}
