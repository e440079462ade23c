namespace Atelier.Worker.Benchmarks;

/// <summary>How fast ranks sum a buffer.</summary>
/// <param name="Seconds">Median time of one all-reduce.</param>
/// <param name="BusGigabytesPerSecond">2(n−1)/n · 10⁹ bytes a second, for n ranks: what each rank's link must carry at least.</param>
/// <param name="ExtraBytes">Memory that one rank takes besides the buffer.</param>
public sealed record AllReduceRate(double Seconds, double BusGigabytesPerSecond, long ExtraBytes);
