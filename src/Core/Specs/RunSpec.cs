using System.Numerics;
using Atelier.Core.Metrics;
using Atelier.Core.Schedules;

namespace Atelier.Core.Specs;

/// <summary>
/// Everything a person decides about a run. Defaults are config F of Karras et al. 2020. <see cref="SpecKeys"/> has each
/// property's key, meaning, unit and accepted values, and what a change does to an existing run;
/// <see cref="SpecResolver"/> makes a whole spec.
/// </summary>
public sealed record RunSpec
{
    public string Recipe { get; init; } = "";

    /// <summary>Devices for which the `auto` recipe was computed. Never follows the number of workers.</summary>
    public int Gpus { get; init; } = 1;
    public Resolution Resolution { get; init; } = Resolution.Auto;
    public int LabelDim { get; init; }

    public int ChannelBase { get; init; } = 32768;
    public int ChannelMax { get; init; } = 512;
    public int MappingLayers { get; init; } = 8;
    public int ZDim { get; init; } = 512;
    public int WDim { get; init; } = 512;
    public NetworkArchitecture GArch { get; init; } = NetworkArchitecture.Skip;
    public NetworkArchitecture DArch { get; init; } = NetworkArchitecture.Resnet;

    /// <summary>What keeps the scale of the generator's features.</summary>
    public Normalisation Normalisation { get; init; }

    /// <summary>Images in which pixel-instance normalisation goes from instances to its learned share of pixels.</summary>
    public double PinKimg { get; init; } = 500;

    /// <summary>Whether the networks grow (Karras et al. 2018).</summary>
    public bool Growing { get; init; }

    /// <summary>The longer side of the images with which a growing network begins.</summary>
    public int GrowingStart { get; init; } = 8;

    /// <summary>How long a level trains in full before the next one fades in.</summary>
    public double GrowingKimg { get; init; } = 600;

    /// <summary>How long a level fades in.</summary>
    public double FadeKimg { get; init; } = 600;

    /// <summary>Images in a minibatch while the images have that longer side; `batch` for all others.</summary>
    public LevelValues LevelBatch { get; init; } = LevelValues.None;

    /// <summary>Learning rate while the images have that longer side; `lr` for all others.</summary>
    public LevelValues LevelLr { get; init; } = LevelValues.None;
    public int MbstdGroup { get; init; } = 4;
    public int MbstdChannels { get; init; } = 1;
    public double? ConvClamp { get; init; }
    public int Batch { get; init; } = 32;
    public int Shard { get; init; } = 4;
    public int Threads { get; init; } = 1;

    /// <summary>Shards computed at once in a process; null to decide at run time. Never changes bits.</summary>
    public int? Lanes { get; init; }
    public ulong Seed { get; init; }

    /// <summary>The largest resolutions whose layers compute in float16, 0 for none; weights stay float32.</summary>
    public int Fp16Resolutions { get; init; }

    /// <summary>The same in bfloat16.</summary>
    public int Bf16Resolutions { get; init; }

    /// <summary>γ, the weight of R1 regularisation.</summary>
    public double Gamma { get; init; } = 10;
    public double Lr { get; init; } = .002;

    /// <summary>Adam's β₁.</summary>
    public double Beta1 { get; init; }

    /// <summary>Adam's β₂.</summary>
    public double Beta2 { get; init; } = .99;

    /// <summary>Adam's ε.</summary>
    public double Eps { get; init; } = 1e-8;
    public double EmaKimg { get; init; } = 10;
    public double? EmaRampup { get; init; }
    public int? GRegEvery { get; init; } = 4;
    public int? DRegEvery { get; init; } = 16;
    public double PlWeight { get; init; } = 2;
    public double PlDecay { get; init; } = .01;

    /// <summary>Path lengths are measured on ⌊shard / this⌋ latents.</summary>
    public int PlBatchShrink { get; init; } = 2;
    public double StyleMixing { get; init; } = .9;
    public double WAvgBeta { get; init; } = .995;
    public int FreezeD { get; init; }
    public bool Mirror { get; init; }
    public AugmentationMode Aug { get; init; }
    public AugmentationPipe Augpipe { get; init; } = AugmentationPipe.Bgc;
    public double AugP { get; init; }

    /// <summary>r_t, the mean sign of D at real images, that adaptive augmentation aims at.</summary>
    public double AdaTarget { get; init; } = .6;
    public double AdaKimg { get; init; } = 500;
    public int AdaInterval { get; init; } = 4;
    public bool Labels { get; init; }
    public ResizeMode Resize { get; init; } = ResizeMode.None;
    public BadImagePolicy BadImages { get; init; } = BadImagePolicy.Fail;

    /// <summary>Colour behind transparent pixels, as six hexadecimal digits RRGGBB.</summary>
    public string Background { get; init; } = "ffffff";
    public long DataImages { get; init; }

    /// <summary>Hash of the dataset's names, contents and labels; empty where it is not known.</summary>
    public string DataDigest { get; init; } = "";
    public long CacheBytes { get; init; } = 1L << 30;

    /// <summary>The largest images that are read, in millions of pixels.</summary>
    public double MaxMegapixels { get; init; } = 64;

    public double Kimg { get; init; } = 25000;
    public double TickKimg { get; init; } = 4;
    public double SnapshotKimg { get; init; } = 200;
    public double ImageKimg { get; init; } = 200;
    public int KeepLast { get; init; } = 3;
    public int KeepBest { get; init; } = 1;
    public double? KeepEvery { get; init; }
    public SpecList Metrics { get; init; } = new(MetricCatalog.Embedded);
    public double MetricsEvery { get; init; } = 200;
    public double Patience { get; init; }
    public int Rollbacks { get; init; }
    public double Explosion { get; init; } = 3;
    public NoiseMode NoiseMode { get; init; } = NoiseMode.Const;

    /// <summary>Shards in a minibatch: the most workers that can share the run.</summary>
    public int Shards => Batch / Shard;

    /// <summary>Iterations from one tick to the next, at least 1: at every tick workers compare hashes of their states.</summary>
    public int TickIterations => (int)Math.Clamp(ImageCount.FromKimg(TickKimg).Images / Batch, 1, int.MaxValue);

    public ImageCount Total => ImageCount.FromKimg(Kimg);

    /// <summary>Layers of the discriminator before its last block, which are those that `freeze-d` can keep (Mo et al. 2020).</summary>
    public int FreezableLayers => (DArch, Resolution.Doublings) switch
    {
        // A block has two convolutions and a skip or an image layer; only the first of a chain reads the image.
        (_, 0) => 0,
        (NetworkArchitecture.Skip, var blocks) => 3 * blocks,
        (NetworkArchitecture.Resnet, var blocks) => 3 * blocks + 1,
        (_, var blocks) => 2 * blocks + 1,
    };

    /// <summary>When path length regularisation runs.</summary>
    public LazyRegularisation GLazy => new(GRegEvery);

    /// <summary>When R1 regularisation runs.</summary>
    public LazyRegularisation DLazy => new(DRegEvery);

    /// <summary>The phases of the run, in order.</summary>
    public IReadOnlyList<Phase> Phases => PhaseSchedule.Build(GLazy, PlWeight, DLazy, Gamma);

    /// <summary>Channels of either network's block.</summary>
    /// <param name="side">The longer side of the block, in pixels.</param>
    public int Channels(int side) => Math.Min(ChannelBase / side, ChannelMax);

    /// <summary>Adam of a network, adjusted for its lazy regularisation.</summary>
    public AdamHyper AdamFor(TrainedNetwork network) => AdamFor(network, Lr);

    /// <summary>What of the networks is in use over the run's images.</summary>
    public StageSchedule Stages => new(
        Resolution.Doublings,
        Growing ? new(Math.Min(BitOperations.Log2((uint)Math.Max(1, GrowingStart / Math.Max(1, Resolution.BaseSide))), Resolution.Doublings), Resolution.Doublings, ImageCount.FromKimg(GrowingKimg).Images, ImageCount.FromKimg(FadeKimg).Images) : null,
        Normalisation == Normalisation.Pin ? ImageCount.FromKimg(PinKimg).Images : 0);

    /// <summary>How many images an iteration shows.</summary>
    public MinibatchSchedule Minibatches => new(
        Batch, Stages.Growth, Growing && LevelBatch.Sides.Count > 0 ? [.. Enumerable.Range(0, Resolution.Doublings + 1).Select(BatchAt)] : null);

    /// <summary>Images in a minibatch of images of a level.</summary>
    /// <param name="level">Doublings of the start block.</param>
    public int BatchAt(int level) => Growing && LevelBatch[Resolution.BaseSide << level] is { } images ? (int)images : Batch;

    /// <summary>Images in a shard of such a minibatch; the number of shards is always the same.</summary>
    /// <param name="level">Doublings of the start block.</param>
    public int ShardAt(int level) => BatchAt(level) / Shards;

    /// <summary>Adam of a network at a level, adjusted for its lazy regularisation.</summary>
    /// <param name="level">Doublings of the start block.</param>
    public AdamHyper AdamAt(TrainedNetwork network, int level) => AdamFor(network, Growing && LevelLr[Resolution.BaseSide << level] is { } rate ? rate : Lr);

    private AdamHyper AdamFor(TrainedNetwork network, double rate) =>
        (network == TrainedNetwork.Generator ? GLazy : DLazy).Adjust(new(rate, Beta1, Beta2, Eps));
}

/// <summary>What keeps the scale of the generator's features from layer to layer.</summary>
public enum Normalisation
{
    /// <summary>Demodulated weights, from the statistics that features are expected to have (Karras et al. 2020 §2.2): StyleGAN2.</summary>
    Demodulation,

    /// <summary>Each feature map's own mean and deviation, in adaptive instance normalisation (Karras et al. 2019): StyleGAN.</summary>
    Instance,

    /// <summary>Pixel-instance normalisation, which mixes that with each pixel's length by a share that it learns.</summary>
    Pin,
}

/// <summary>How a network's blocks are connected (Karras et al. 2020, figure 7).</summary>
public enum NetworkArchitecture
{
    /// <summary>Every block adds to, or reads from, a pyramid of images.</summary>
    Skip,

    /// <summary>Every block has a residual branch.</summary>
    Resnet,

    /// <summary>A plain chain of blocks.</summary>
    Orig,
}

/// <summary>Whether images are augmented in front of the discriminator, and how their probability p is decided.</summary>
public enum AugmentationMode
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>p follows how far the discriminator overfits (Karras et al. 2020, ADA).</summary>
    Ada,

    /// <summary>p is given.</summary>
    Fixed,
}

/// <summary>Which augmentations are made, by the published trainers' names (Karras et al. 2020, ADA, figure 4 and appendix B).</summary>
public enum AugmentationPipe
{
    /// <summary>Pixel blitting: x-flips, quarter turns, translations by whole pixels.</summary>
    Blit,

    /// <summary>General geometry: scaling, rotation, anisotropic scaling, translation.</summary>
    Geom,

    /// <summary>Brightness, contrast, luma flip, hue, saturation.</summary>
    Color,

    /// <summary>Frequency bands amplified or damped.</summary>
    Filter,

    /// <summary>Additive noise.</summary>
    Noise,

    /// <summary>A square left empty.</summary>
    Cutout,

    /// <summary>Blit and geom.</summary>
    Bg,

    /// <summary>Blit, geom and color.</summary>
    Bgc,

    /// <summary>Blit, geom, color and filter.</summary>
    Bgcf,

    /// <summary>Blit, geom, color, filter and noise.</summary>
    Bgcfn,
    Bgcfnc,
}

/// <summary>What happens to images whose size is not the run's resolution.</summary>
public enum ResizeMode
{
    /// <summary>They are an error.</summary>
    None,

    /// <summary>They are cropped around their centre to the run's aspect and resized.</summary>
    Fit,
}

/// <summary>What happens to a dataset with an unreadable image; the image is named either way.</summary>
public enum BadImagePolicy
{
    /// <summary>The run does not start.</summary>
    Fail,

    /// <summary>The image is left out of the dataset.</summary>
    Skip,
}

/// <summary>The noise inputs of the synthesis layers outside training, where they are always random.</summary>
public enum NoiseMode
{
    /// <summary>The network's own noise buffers: the same for every image.</summary>
    Const,

    /// <summary>Drawn anew for every image.</summary>
    Random,

    /// <summary>No noise.</summary>
    None,
}
