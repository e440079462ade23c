using System.CommandLine;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier dataset</c>: what is done with images before training.</summary>
internal static class DatasetCommand
{
    /// <summary>What a source may be, for help texts.</summary>
    public const string Sources = "a folder or zip file of images, LSUN's LMDB, CIFAR-10, MNIST, or emoji:faces:SIZE";

    public static Command Create() => new("dataset", "Pack, check and measure datasets")
    {
        DatasetConvertCommand.Create(),
        DatasetCheckCommand.Create(),
        DatasetStatsCommand.Create(),
    };
}
