using System.Runtime.InteropServices;

namespace Atelier.Worker.Collectives.Links;

/// <summary>What two ranks tell each other first, over the socket between them.</summary>
/// <param name="Magic">Says that this is such a message, and of which version.</param>
/// <param name="Rank">The sender.</param>
/// <param name="Shape">How its memory is laid out; the same on all ranks.</param>
/// <param name="Descriptor">The memory's file, in the sender's process.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Hello(ulong Magic, int Rank, RingShape Shape, int Descriptor)
{
    /// <summary>"atelier" and the version of the memory's layout.</summary>
    public const ulong Current = 0x61_74_65_6c_69_65_72_02;
}
