using System.CommandLine;
using Atelier.Core;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary>Where to compute, as people name it.</summary>
internal static class DeviceOption
{
    public static Option<string> Create() => new("--device") { Description = "cpu, cuda or cuda:N", DefaultValueFactory = _ => "cpu" };

    /// <summary>The device of a name. Asks libtorch, so the numerics must be fixed before.</summary>
    /// <exception cref="UserErrorException">There is none of that name, or it is not there.</exception>
    public static Device Find(string name)
    {
        try
        {
            return InitializeDevice(device(name));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new UserErrorException($"--device {name}: it takes cpu, cuda or cuda:N. CUDA needs an NVIDIA GPU with its driver, and a build with its libtorch (dotnet build src/Cli -p:AtelierDevice=cuda); `atelier doctor` says what is here", e);
        }
    }
}
