namespace Atelier.Core.Access;

/// <summary>Whether a process may listen where it was told to: beyond loopback only with TLS and with a token for each role.</summary>
/// <param name="HasCertificate">Whether it has a certificate and its key.</param>
/// <param name="HasPeopleToken">Whether it has a token for people.</param>
/// <param name="HasWorkerToken">Whether it has a token for workers.</param>
public sealed record ListenPolicy(bool HasCertificate, bool HasPeopleToken, bool HasWorkerToken)
{
    /// <summary>Checks where a process is about to listen.</summary>
    /// <param name="addresses">The addresses.</param>
    /// <exception cref="UserErrorException">Others could reach one of them unprotected; the message says what to pass.</exception>
    public void Require(IEnumerable<ListenAddress> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        if (addresses.FirstOrDefault(address => !address.IsLoopback) is not { } open) return;
        var (lacks, pass) = (new List<string>(), new List<string>());
        if (!HasCertificate)
        {
            lacks.Add("TLS");
            pass.Add($"{AccessOptions.Certificate} FILE {AccessOptions.Key} FILE (`atelier certs` makes them)");
        }

        if (!HasPeopleToken) Lack(AccessRole.Person, "a token for people");
        if (!HasWorkerToken) Lack(AccessRole.Worker, "a token for workers");
        if (lacks.Count > 0)
            throw new UserErrorException(
                $"other machines can reach {open}, so {string.Join(" and ", lacks)} must be there first: pass {string.Join(" and ", pass)}, or listen on 127.0.0.1 only");

        void Lack(AccessRole role, string what)
        {
            lacks.Add(what);
            pass.Add($"{AccessOptions.TokenFileOf(role)} FILE (or set {AccessOptions.TokenVariableOf(role)})");
        }
    }
}
