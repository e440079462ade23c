namespace Atelier.Training.Randomness;

/// <summary>
/// The latents that the published scripts draw for a seed: NumPy's <c>RandomState(seed).randn</c>, which is the Mersenne
/// Twister MT19937 (Matsumoto &amp; Nishimura 1998) and Marsaglia's polar method. So seed 85 shows the same picture here as
/// there.
/// </summary>
public sealed class PublishedSeeds
{
    private const int StateLength = 624;
    private const int Shift = 397;

    private readonly uint[] _state = new uint[StateLength];
    private int _next = StateLength;
    private double? _kept;

    /// <summary>Starts the sequence of <paramref name="seed"/>.</summary>
    public PublishedSeeds(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < StateLength; i++)
            _state[i] = (1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30))) + i;
    }

    /// <summary>The latent of a seed, [length].</summary>
    public static double[] Latent(uint seed, int length)
    {
        var sequence = new PublishedSeeds(seed);
        return [.. Enumerable.Range(0, length).Select(_ => sequence.NextNormal())];
    }

    /// <summary>The next standard normal number.</summary>
    public double NextNormal()
    {
        if (_kept is { } kept)
        {
            _kept = null;
            return kept;
        }
        double x, y, r;
        do
        {
            x = (2 * NextUniform()) - 1;
            y = (2 * NextUniform()) - 1;
            r = (x * x) + (y * y);
        }
        while (r is >= 1 or 0);
        double scale = Math.Sqrt(-2 * Math.Log(r) / r);
        _kept = scale * x;
        return scale * y;
    }

    /// <summary>53 random bits from two outputs, in [0, 1).</summary>
    private double NextUniform()
    {
        uint high = NextWord() >> 5, low = NextWord() >> 6;
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    private uint NextWord()
    {
        if (_next == StateLength)
            Refill();
        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >> 18);
    }

    private void Refill()
    {
        for (int i = 0; i < StateLength; i++)
        {
            uint y = (_state[i] & 0x80000000) | (_state[(i + 1) % StateLength] & 0x7fffffff);
            _state[i] = _state[(i + Shift) % StateLength] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
        }
        _next = 0;
    }
}
