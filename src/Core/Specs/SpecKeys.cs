using System.Text.Json;
using static Atelier.Core.Specs.ChangeClass;
using static Atelier.Core.Specs.SpecTypes;

namespace Atelier.Core.Specs;

/// <summary>The table of spec keys: a row per key. Parsing, files, listings and resuming are derived from it.</summary>
public static class SpecKeys
{
    private const string Dataset = "the dataset";

    /// <summary>All keys, in the order in which they are listed.</summary>
    public static IReadOnlyList<SpecKey> All { get; } =
    [
        SpecKey.Of("recipe", Text, s => s.Recipe, (s, v) => s with { Recipe = v }, Free, "recipe that the spec started from", setBy: "--recipe"),
        SpecKey.Of("gpus", Integer(1, 1024), s => s.Gpus, (s, v) => s with { Gpus = v }, Free, "number of devices that the auto recipe was computed for"),
        SpecKey.Of("seed", Seed, s => s.Seed, (s, v) => s with { Seed = v }, Branching, "seed of every random draw"),

        SpecKey.Of("resolution", Size, s => s.Resolution, (s, v) => s with { Resolution = v }, Refused, "size of the images", "pixels, width x height"),
        SpecKey.Of("label-dim", Integer(0), s => s.LabelDim, (s, v) => s with { LabelDim = v }, Refused, "length of a label vector, 0 without labels", setBy: Dataset),
        SpecKey.Of("channel-base", Integer(1), s => s.ChannelBase, (s, v) => s with { ChannelBase = v }, Refused, "channels of a layer are min(base / resolution, max)"),
        SpecKey.Of("channel-max", Integer(1), s => s.ChannelMax, (s, v) => s with { ChannelMax = v }, Refused, "maximum number of channels of a layer"),
        SpecKey.Of("mapping-layers", Integer(1, 64), s => s.MappingLayers, (s, v) => s with { MappingLayers = v }, Refused, "layers of the mapping network"),
        SpecKey.Of("z-dim", Integer(1), s => s.ZDim, (s, v) => s with { ZDim = v }, Refused, "length of z"),
        SpecKey.Of("w-dim", Integer(1), s => s.WDim, (s, v) => s with { WDim = v }, Refused, "length of w"),
        SpecKey.Of("g-arch", Choice<NetworkArchitecture>(), s => s.GArch, (s, v) => s with { GArch = v }, Refused, "architecture of the generator"),
        SpecKey.Of("d-arch", Choice<NetworkArchitecture>(), s => s.DArch, (s, v) => s with { DArch = v }, Refused, "architecture of the discriminator"),
        SpecKey.Of("normalisation", Choice<Normalisation>(), s => s.Normalisation, (s, v) => s with { Normalisation = v }, Refused, "normalisation of the generator's features: demodulation for StyleGAN2, instance for StyleGAN"),
        SpecKey.Of("pin-kimg", NonNegative, s => s.PinKimg, (s, v) => s with { PinKimg = v }, Branching, "number of images over which normalisation=pin moves from instance normalisation to its learned share of pixel normalisation", "kimg"),
        SpecKey.Of("growing", Flag, s => s.Growing, (s, v) => s with { Growing = v }, Refused, "progressive growing: start with small images and fade in larger ones"),
        SpecKey.Of("growing-start", Integer(4), s => s.GrowingStart, (s, v) => s with { GrowingStart = v }, Refused, "longer side of the first images of a growing network", "pixels"),
        SpecKey.Of("growing-kimg", Positive, s => s.GrowingKimg, (s, v) => s with { GrowingKimg = v }, Branching, "number of images between two fades of a growing network", "kimg"),
        SpecKey.Of("fade-kimg", NonNegative, s => s.FadeKimg, (s, v) => s with { FadeKimg = v }, Branching, "number of images over which a growing network fades in a level", "kimg"),
        SpecKey.Of("level-batch", Levels, s => s.LevelBatch, (s, v) => s with { LevelBatch = v }, Branching, "batch of a growing network by longer side, as 8:256,16:128; the number of shards does not change", "images"),
        SpecKey.Of("level-lr", Levels, s => s.LevelLr, (s, v) => s with { LevelLr = v }, Branching, "learning rate of a growing network by longer side"),
        SpecKey.Of("mbstd-channels", Integer(0), s => s.MbstdChannels, (s, v) => s with { MbstdChannels = v }, Refused, "number of minibatch standard deviation channels, 0 for none"),
        SpecKey.Of("mbstd-group", Integer(1), s => s.MbstdGroup, (s, v) => s with { MbstdGroup = v }, Branching, "number of images per minibatch standard deviation", "images"),
        SpecKey.Of("conv-clamp", Optional(Positive), s => s.ConvClamp, (s, v) => s with { ConvClamp = v }, Branching, "bound on the outputs of convolutions"),
        SpecKey.Of("fp16-resolutions", Integer(0), s => s.Fp16Resolutions, (s, v) => s with { Fp16Resolutions = v }, Branching, "number of resolutions, from the largest, to compute in float16, 0 for none"),
        SpecKey.Of("bf16-resolutions", Integer(0), s => s.Bf16Resolutions, (s, v) => s with { Bf16Resolutions = v }, Branching, "the same in bfloat16"),

        SpecKey.Of("batch", Integer(1), s => s.Batch, (s, v) => s with { Batch = v }, Branching, "number of images in a minibatch", "images"),
        SpecKey.Of("shard", Integer(1), s => s.Shard, (s, v) => s with { Shard = v }, Branching, "number of images in a shard, the unit of work", "images"),
        SpecKey.Of("threads", Integer(1, 1024), s => s.Threads, (s, v) => s with { Threads = v }, Free, "threads per shard; does not change the result"),
        SpecKey.Of("lanes", Optional(Integer(1, 1024)), s => s.Lanes, (s, v) => s with { Lanes = v }, Free, "shards that a process computes in parallel, none to decide at run time"),

        SpecKey.Of("gamma", NonNegative, s => s.Gamma, (s, v) => s with { Gamma = v }, Branching, "weight of R1 regularisation"),
        SpecKey.Of("lr", Positive, s => s.Lr, (s, v) => s with { Lr = v }, Branching, "learning rate of both networks"),
        SpecKey.Of("beta1", Decay, s => s.Beta1, (s, v) => s with { Beta1 = v }, Branching, "decay of Adam's first moment"),
        SpecKey.Of("beta2", Decay, s => s.Beta2, (s, v) => s with { Beta2 = v }, Branching, "decay of Adam's second moment"),
        SpecKey.Of("eps", Positive, s => s.Eps, (s, v) => s with { Eps = v }, Branching, "Adam's epsilon"),
        SpecKey.Of("ema-kimg", NonNegative, s => s.EmaKimg, (s, v) => s with { EmaKimg = v }, Branching, "half-life of the averaged generator", "kimg"),
        SpecKey.Of("ema-rampup", Optional(Positive), s => s.EmaRampup, (s, v) => s with { EmaRampup = v }, Branching, "maximum half-life of the average, as a fraction of the images shown"),
        SpecKey.Of("g-reg-every", Optional(Integer(1)), s => s.GRegEvery, (s, v) => s with { GRegEvery = v }, Branching, "iterations between path length passes, none for every iteration", "iterations"),
        SpecKey.Of("d-reg-every", Optional(Integer(1)), s => s.DRegEvery, (s, v) => s with { DRegEvery = v }, Branching, "iterations between R1 passes, none for every iteration", "iterations"),
        SpecKey.Of("pl-weight", NonNegative, s => s.PlWeight, (s, v) => s with { PlWeight = v }, Branching, "weight of path length regularisation"),
        SpecKey.Of("pl-decay", Fraction, s => s.PlDecay, (s, v) => s with { PlDecay = v }, Branching, "decay of the mean path length"),
        SpecKey.Of("pl-batch-shrink", Integer(1), s => s.PlBatchShrink, (s, v) => s with { PlBatchShrink = v }, Branching, "path lengths use a shard's number of latents divided by this"),
        SpecKey.Of("style-mixing", Fraction, s => s.StyleMixing, (s, v) => s with { StyleMixing = v }, Branching, "probability of mixing two latents"),
        SpecKey.Of("w-avg-beta", Fraction, s => s.WAvgBeta, (s, v) => s with { WAvgBeta = v }, Branching, "decay of the mean w"),
        SpecKey.Of("freeze-d", Integer(0), s => s.FreezeD, (s, v) => s with { FreezeD = v }, Branching, "number of discriminator layers, from the first, to freeze", "layers"),

        SpecKey.Of("aug", Choice<AugmentationMode>(), s => s.Aug, (s, v) => s with { Aug = v }, Branching, "augmentation of the discriminator's images: adaptive, with a fixed probability, or none"),
        SpecKey.Of("augpipe", Choice<AugmentationPipe>(), s => s.Augpipe, (s, v) => s with { Augpipe = v }, Branching, "augmentations to apply"),
        SpecKey.Of("aug-p", Fraction, s => s.AugP, (s, v) => s with { AugP = v }, Branching, "probability of each augmentation, with aug=fixed"),
        SpecKey.Of("ada-target", Fraction, s => s.AdaTarget, (s, v) => s with { AdaTarget = v }, Branching, "target of aug=ada: mean sign of D on real images"),
        SpecKey.Of("ada-kimg", Positive, s => s.AdaKimg, (s, v) => s with { AdaKimg = v }, Branching, "number of images in which the probability of aug=ada can go from 0 to 1", "kimg"),
        SpecKey.Of("ada-interval", Integer(1), s => s.AdaInterval, (s, v) => s with { AdaInterval = v }, Branching, "iterations between two changes of that probability", "iterations"),

        SpecKey.Of("data-images", LongInteger(0), s => s.DataImages, (s, v) => s with { DataImages = v }, Branching, "usable images in the dataset", "images", setBy: Dataset),
        SpecKey.Of("data-digest", Text, s => s.DataDigest, (s, v) => s with { DataDigest = v }, Branching, "hash of the dataset", setBy: Dataset),
        SpecKey.Of("mirror", Flag, s => s.Mirror, (s, v) => s with { Mirror = v }, Branching, "show images mirrored half of the time"),
        SpecKey.Of("labels", Flag, s => s.Labels, (s, v) => s with { Labels = v }, Refused, "train on the dataset's labels, if it has any"),
        SpecKey.Of("resize", Choice<ResizeMode>(), s => s.Resize, (s, v) => s with { Resize = v }, Branching, "crop and resize images of another size"),
        SpecKey.Of("background", Colour, s => s.Background, (s, v) => s with { Background = v }, Branching, "colour behind transparent pixels", "RRGGBB"),
        SpecKey.Of("bad-images", Choice<BadImagePolicy>(), s => s.BadImages, (s, v) => s with { BadImages = v }, Free, "what to do with unreadable images"),
        SpecKey.Of("cache-bytes", Bytes, s => s.CacheBytes, (s, v) => s with { CacheBytes = v }, Free, "memory for decoded images", "bytes"),
        SpecKey.Of("max-megapixels", Positive, s => s.MaxMegapixels, (s, v) => s with { MaxMegapixels = v }, Free, "largest image to read, up to 500", "millions of pixels"),

        SpecKey.Of("kimg", Positive, s => s.Kimg, (s, v) => s with { Kimg = v }, Free, "length of the run", "kimg"),
        SpecKey.Of("tick-kimg", Positive, s => s.TickKimg, (s, v) => s with { TickKimg = v }, Free, "interval between progress lines", "kimg"),
        SpecKey.Of("snapshot-kimg", Positive, s => s.SnapshotKimg, (s, v) => s with { SnapshotKimg = v }, Free, "interval between snapshots", "kimg"),
        SpecKey.Of("image-kimg", Positive, s => s.ImageKimg, (s, v) => s with { ImageKimg = v }, Free, "interval between sample grids", "kimg"),
        SpecKey.Of("keep-last", Integer(1), s => s.KeepLast, (s, v) => s with { KeepLast = v }, Free, "number of newest snapshots to keep", "snapshots"),
        SpecKey.Of("keep-best", Integer(0), s => s.KeepBest, (s, v) => s with { KeepBest = v }, Free, "number of best snapshots to keep, by the first metric", "snapshots"),
        SpecKey.Of("keep-every", Optional(Positive), s => s.KeepEvery, (s, v) => s with { KeepEvery = v }, Free, "keep snapshots at multiples of this for good", "kimg"),
        SpecKey.Of("metrics", Names, s => s.Metrics, (s, v) => s with { Metrics = v }, Free, "metrics to compute for snapshots; the first decides which is best"),
        SpecKey.Of("metrics-every", Positive, s => s.MetricsEvery, (s, v) => s with { MetricsEvery = v }, Free, "interval between metrics", "kimg"),
        SpecKey.Of("patience", NonNegative, s => s.Patience, (s, v) => s with { Patience = v }, Free, "stop the run when the first metric has not improved for this long, 0 for never", "kimg"),
        SpecKey.Of("rollbacks", Integer(0, 3), s => s.Rollbacks, (s, v) => s with { Rollbacks = v }, Free, "how many times an exploded run returns to its last good snapshot and continues on a new branch"),
        SpecKey.Of("explosion", Positive, s => s.Explosion, (s, v) => s with { Explosion = v }, Free, "a first metric this many times as bad as its best counts as an explosion"),
        SpecKey.Of("noise-mode", Choice<NoiseMode>(), s => s.NoiseMode, (s, v) => s with { NoiseMode = v }, Free, "noise inputs of sample grids"),
    ];

    private static Dictionary<string, SpecKey> ByName { get; } = All.ToDictionary(key => key.Name, StringComparer.Ordinal);

    /// <exception cref="UserErrorException">There is none; the message has the nearest one.</exception>
    public static SpecKey Find(string name) =>
        ByName.TryGetValue(name, out var key)
            ? key
            : throw new UserErrorException($"there is no key `{name}`.{NearestName.Hint(name, ByName.Keys)}");
}

/// <summary>One key of a spec: everything that parsing, files, listings and resuming need to know about it.</summary>
public sealed class SpecKey
{
    private readonly Func<RunSpec, string> _format;
    private readonly Func<RunSpec, string, RunSpec?> _tryWith;
    private readonly Action<Utf8JsonWriter, RunSpec> _writeJson;

    private SpecKey(
        string name, string accepts, SpecShape shape, string description, string unit, ChangeClass change, string setBy,
        Func<RunSpec, string> format, Func<RunSpec, string, RunSpec?> tryWith, Action<Utf8JsonWriter, RunSpec> writeJson)
    {
        (Name, Accepts, Shape, Description, Unit, Change, SetBy) = (name, accepts, shape, description, unit, change, setBy);
        (_format, _tryWith, _writeJson) = (format, tryWith, writeJson);
    }

    /// <summary>The key, in kebab-case.</summary>
    public string Name { get; }

    /// <summary>What values are accepted.</summary>
    public string Accepts { get; }

    /// <summary>The JSON values that are accepted, as far as a schema can say.</summary>
    public SpecShape Shape { get; }

    /// <summary>What it decides, in a line.</summary>
    public string Description { get; }

    /// <summary>Unit of the value; empty for none.</summary>
    public string Unit { get; }

    /// <summary>What a change does to an existing run.</summary>
    public ChangeClass Change { get; }

    /// <summary>What decides it where people cannot; empty for a key that can be set.</summary>
    public string SetBy { get; }

    /// <summary>The value when nothing sets it.</summary>
    public string Default => Format(new RunSpec());

    /// <summary>The text form of its value in a spec.</summary>
    public string Format(RunSpec spec) => _format(spec);

    /// <summary>The spec with another value of this key.</summary>
    /// <exception cref="UserErrorException">The value is not accepted; the message says what is.</exception>
    public RunSpec With(RunSpec spec, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _tryWith(spec, text.Trim())
            ?? throw new UserErrorException($"`{Name}` cannot be `{text}`; use {Accepts}{(Unit.Length > 0 ? $" ({Unit})" : "")}.");
    }

    /// <summary>Writes its value in a spec to JSON, without the name.</summary>
    /// <param name="writer">The writer, after the property's name.</param>
    public void WriteJson(Utf8JsonWriter writer, RunSpec spec) => _writeJson(writer, spec);

    public override string ToString() => Name;

    internal static SpecKey Of<T>(
        string name, SpecType<T> type, Func<RunSpec, T> get, Func<RunSpec, T, RunSpec> with,
        ChangeClass change, string description, string unit = "", string setBy = "") =>
        new(name, type.Accepts, type.Shape, description, unit, change, setBy,
            spec => type.Format(get(spec)),
            (spec, text) => type.TryParse(text, out var value) ? with(spec, value) : null,
            (writer, spec) => type.WriteJson(writer, get(spec)));
}

/// <summary>A value given to a key, in its text form, checked.</summary>
public sealed record SpecAssignment
{
    /// <exception cref="UserErrorException">The value is not accepted.</exception>
    public SpecAssignment(SpecKey key, string text)
    {
        ArgumentNullException.ThrowIfNull(key);
        key.With(new RunSpec(), text);
        (Key, Text) = (key, text);
    }

    public SpecKey Key { get; }

    public string Text { get; }

    /// <summary>Reads `key=value`, as `--set` takes it.</summary>
    /// <exception cref="UserErrorException">It has no `=`, the key is unknown, or the value is not accepted.</exception>
    public static SpecAssignment Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) throw new UserErrorException($"`{text}` is not of the form key=value.");
        return For(text[..equals].Trim(), text[(equals + 1)..]);
    }

    /// <exception cref="UserErrorException">The key is unknown or cannot be set, or the value is not accepted.</exception>
    public static SpecAssignment For(string name, string text)
    {
        var key = SpecKeys.Find(name);
        return key.SetBy.Length > 0
            ? throw new UserErrorException($"`{key.Name}` is set by {key.SetBy} and cannot be set as a key.")
            : new(key, text);
    }

    public RunSpec ApplyTo(RunSpec spec) => Key.With(spec, Text);

    public override string ToString() => $"{Key.Name}={Text}";
}
