using Atelier.Core.Metrics;
using Atelier.Core.Schedules;

namespace Atelier.Core.Specs;

/// <summary>
/// Everything a person decides about a run. Defaults are config F of Karras et al. 2020. Keys, units, accepted values and
/// what a change does to an existing run stand in <see cref="SpecKeys"/>; <see cref="SpecResolver"/> makes a whole spec.
/// </summary>
public sealed record RunSpec
{
    /// <summary>Name of the recipe it started from; empty for none.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>Devices for which the `auto` recipe was computed. Never follows the number of workers.</summary>
    public int Gpus { get; init; } = 1;

    /// <summary>Size of the images.</summary>
    public Resolution Resolution { get; init; } = Resolution.Auto;

    /// <summary>Length of a label; 0 for unconditional training.</summary>
    public int LabelDim { get; init; }

    /// <summary>Channels of a layer are min(base / resolution, max).</summary>
    public int ChannelBase { get; init; } = 32768;

    /// <summary>Most channels of a layer.</summary>
    public int ChannelMax { get; init; } = 512;

    /// <summary>Layers of the generator's mapping network.</summary>
    public int MappingLayers { get; init; } = 8;

    /// <summary>Length of z.</summary>
    public int ZDim { get; init; } = 512;

    /// <summary>Length of w.</summary>
    public int WDim { get; init; } = 512;

    /// <summary>Architecture of the generator.</summary>
    public NetworkArchitecture GArch { get; init; } = NetworkArchitecture.Skip;

    /// <summary>Architecture of the discriminator.</summary>
    public NetworkArchitecture DArch { get; init; } = NetworkArchitecture.Resnet;

    /// <summary>Images over which minibatch standard deviation is taken.</summary>
    public int MbstdGroup { get; init; } = 4;

    /// <summary>Feature maps of minibatch standard deviation; 0 for none.</summary>
    public int MbstdChannels { get; init; } = 1;

    /// <summary>Bound on the outputs of convolutions; null for none.</summary>
    public double? ConvClamp { get; init; }

    /// <summary>Images in a minibatch.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Images in a shard, the unit of work and of randomness.</summary>
    public int Shard { get; init; } = 4;

    /// <summary>OpenMP threads inside one shard's computation; part of the numerics fingerprint.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Shards computed at once in a process; null to decide at run time. Never changes bits.</summary>
    public int? Lanes { get; init; }

    /// <summary>Seed of every random draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>γ, the weight of R1 regularisation.</summary>
    public double Gamma { get; init; } = 10;

    /// <summary>Learning rate of both networks.</summary>
    public double Lr { get; init; } = .002;

    /// <summary>Adam's β₁.</summary>
    public double Beta1 { get; init; }

    /// <summary>Adam's β₂.</summary>
    public double Beta2 { get; init; } = .99;

    /// <summary>Adam's ε.</summary>
    public double Eps { get; init; } = 1e-8;

    /// <summary>Half-life of the averaged generator, in kimg.</summary>
    public double EmaKimg { get; init; } = 10;

    /// <summary>Largest half-life of the average as a part of the images shown; null for none.</summary>
    public double? EmaRampup { get; init; }

    /// <summary>Iterations between path length passes; null runs it within every main pass.</summary>
    public int? GRegEvery { get; init; } = 4;

    /// <summary>Iterations between R1 passes; null runs it within every main pass.</summary>
    public int? DRegEvery { get; init; } = 16;

    /// <summary>Weight of path length regularisation.</summary>
    public double PlWeight { get; init; } = 2;

    /// <summary>Decay of the mean path length, per pass.</summary>
    public double PlDecay { get; init; } = .01;

    /// <summary>Path lengths are measured on ⌊shard / this⌋ latents.</summary>
    public int PlBatchShrink { get; init; } = 2;

    /// <summary>Probability of mixing two latents.</summary>
    public double StyleMixing { get; init; } = .9;

    /// <summary>Decay of the mean w, per pass.</summary>
    public double WAvgBeta { get; init; } = .995;

    /// <summary>Layers of the discriminator that stay as they are.</summary>
    public int FreezeD { get; init; }

    /// <summary>Whether a coin decides for every image shown if it is mirrored.</summary>
    public bool Mirror { get; init; }

    /// <summary>Whether images are augmented in front of the discriminator.</summary>
    public AugmentationMode Aug { get; init; }

    /// <summary>Which augmentations are made.</summary>
    public AugmentationPipe Augpipe { get; init; } = AugmentationPipe.Bgc;

    /// <summary>Probability of each augmentation where it is fixed.</summary>
    public double AugP { get; init; }

    /// <summary>r_t, the mean sign of D at real images, that adaptive augmentation aims at.</summary>
    public double AdaTarget { get; init; } = .6;

    /// <summary>Thousands of images in which the adapted probability can go from 0 to 1.</summary>
    public double AdaKimg { get; init; } = 500;

    /// <summary>Iterations between two steps of the adapted probability.</summary>
    public int AdaInterval { get; init; } = 4;

    /// <summary>Whether the labels of the dataset are used, if it has any.</summary>
    public bool Labels { get; init; }

    /// <summary>What happens to images of another size.</summary>
    public ResizeMode Resize { get; init; } = ResizeMode.None;

    /// <summary>What happens to unreadable images.</summary>
    public BadImagePolicy BadImages { get; init; } = BadImagePolicy.Fail;

    /// <summary>Colour behind transparent pixels, as six hexadecimal digits RRGGBB.</summary>
    public string Background { get; init; } = "ffffff";

    /// <summary>Usable images of the dataset.</summary>
    public long DataImages { get; init; }

    /// <summary>Hash of the dataset's names, contents and labels; empty where it is not known.</summary>
    public string DataDigest { get; init; } = "";

    /// <summary>Memory for decoded images, in bytes.</summary>
    public long CacheBytes { get; init; } = 1L << 30;

    /// <summary>Length of the run, in kimg.</summary>
    public double Kimg { get; init; } = 25000;

    /// <summary>Progress interval, in kimg.</summary>
    public double TickKimg { get; init; } = 4;

    /// <summary>Interval of snapshots, in kimg.</summary>
    public double SnapshotKimg { get; init; } = 200;

    /// <summary>Interval of preview grids, in kimg.</summary>
    public double ImageKimg { get; init; } = 200;

    /// <summary>Newest snapshots that are kept.</summary>
    public int KeepLast { get; init; } = 3;

    /// <summary>Best snapshots, by the first metric, that are kept.</summary>
    public int KeepBest { get; init; } = 1;

    /// <summary>Snapshots at multiples of this many kimg are kept; null for none.</summary>
    public double? KeepEvery { get; init; }

    /// <summary>Metrics computed on snapshots; the first decides which is best.</summary>
    public SpecList Metrics { get; init; } = new(MetricCatalog.Embedded);

    /// <summary>Interval of metrics, in kimg.</summary>
    public double MetricsEvery { get; init; } = 200;

    /// <summary>Kimg without a better value of the first metric after which the run stops; 0 for never.</summary>
    public double Patience { get; init; }

    /// <summary>How often the run may go back to its last good snapshot, and on along another branch, when it explodes.</summary>
    public int Rollbacks { get; init; }

    /// <summary>A value of the first metric that is so many times as bad as the best is an explosion.</summary>
    public double Explosion { get; init; } = 3;

    /// <summary>Noise inputs of preview grids.</summary>
    public NoiseMode NoiseMode { get; init; } = NoiseMode.Const;

    /// <summary>Shards in a minibatch: the most workers that can share the run.</summary>
    public int Shards => Batch / Shard;

    /// <summary>Iterations of a tick, at least 1: so often workers compare what they have.</summary>
    public int TickIterations => (int)Math.Clamp(ImageCount.FromKimg(TickKimg).Images / Batch, 1, int.MaxValue);

    /// <summary>Image count at which the run ends.</summary>
    public ImageCount Total => ImageCount.FromKimg(Kimg);

    /// <summary>When path length regularisation runs.</summary>
    public LazyRegularisation GLazy => new(GRegEvery);

    /// <summary>When R1 regularisation runs.</summary>
    public LazyRegularisation DLazy => new(DRegEvery);

    /// <summary>The phases of the run, in order.</summary>
    public IReadOnlyList<Phase> Phases => PhaseSchedule.Build(GLazy, PlWeight, DLazy, Gamma);

    /// <summary>Adam of a network, adjusted for its lazy regularisation.</summary>
    /// <param name="network">The network.</param>
    public AdamHyper AdamFor(TrainedNetwork network) =>
        (network == TrainedNetwork.Generator ? GLazy : DLazy).Adjust(new(Lr, Beta1, Beta2, Eps));
}
