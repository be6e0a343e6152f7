//! The threads of the standalone server: workers, each with an event loop of its own, and one that watches over them. A worker that
//! is alone accepts its connections itself: a thread beside it would interrupt it for each. Several are given theirs in turn, by
//! the thread that watches. A worker that ends unasked is started anew; its connections are gone.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{self, SocketAddr, TcpListener};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use actix_rt::{Arbiter, System};
use futures_util::future::LocalBoxFuture;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::accept::{Accepted, accept};
use crate::notices;

/// How long who has just connected has to ask, when nobody is accepted any more: an idle connection is closed then.
const LAST_REQUESTS: Duration = Duration::from_millis(500);
/// How long connections that are still open at the end may take.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// Connections that were accepted and wait for a worker. More wait to be accepted.
const GIVEN_MAX: usize = 256;
/// Between two tries to start a worker, and how long a connection waits where all workers are behind.
const PAUSE: Duration = Duration::from_millis(500);

/// Serves one connection, on the thread of a worker.
pub(super) type Serve = Rc<dyn Fn(TcpStream, SocketAddr) -> LocalBoxFuture<'static, ()>>;

/// Makes what serves connections.
pub(super) trait MakeServe: Clone + Send + 'static {
    /// Makes it, on a worker's thread. Once `ending` is true nobody comes any more, and what serves shall end.
    fn make(self, ending: watch::Receiver<bool>) -> impl Future<Output = io::Result<Serve>>;

    /// A worker ended unasked, and is started anew.
    fn ended(&self, worker: usize);
}

/// What runs. It ends at once when this is dropped.
pub(super) struct WorkerThreads {
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

impl WorkerThreads {
    /// Starts so many workers on these listeners. No more than `places` connections are open at a time.
    pub(super) fn start(
        count: usize,
        places: usize,
        listeners: Vec<TcpListener>,
        make: impl MakeServe,
    ) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (end_all, ending) = watch::channel(false);
        let (accepting, all_accepted) = channel(1);
        let (ready, is_ready) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let places_max = u32::try_from(places).unwrap_or(u32::MAX);
        let workers = Workers {
            make,
            places: Arc::new(Semaphore::new(places_max as usize)),
            listeners: Arc::new(listeners),
            stopped,
            ending,
            accepting,
            is_alone: count == 1,
        };
        let last = Last {
            end_all,
            all_accepted,
            places_max,
        };
        let run = move || {
            System::new().block_on(workers.run(count, last, ready));
            let _ = end.send(());
        };
        let name = "dondo-server".to_owned();
        thread::Builder::new().name(name).spawn(run)?;
        let gone = |_| Err(io::Error::other("the workers do not start"));
        is_ready.recv().unwrap_or_else(gone)?;
        Ok(Self { stop, ended })
    }

    /// Ready when it has ended.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }

    /// Accepts nobody any more, gives open connections a while to come to their end, and ends.
    pub(super) async fn stop(mut self) {
        let _ = self.stop.send(true);
        self.ended().await;
    }
}

/// What workers are made of.
#[derive(Clone)]
struct Workers<M> {
    make: M,
    places: Arc<Semaphore>,
    listeners: Arc<Vec<TcpListener>>,
    /// Nobody is accepted any more.
    stopped: watch::Receiver<bool>,
    /// Connections shall end.
    ending: watch::Receiver<bool>,
    /// Held by who accepts.
    accepting: Sender<Infallible>,
    /// There is one worker.
    is_alone: bool,
}

/// What the end needs, when the workers are told to stop.
struct Last {
    end_all: watch::Sender<bool>,
    /// Ends once nobody accepts.
    all_accepted: Receiver<Infallible>,
    places_max: u32,
}

impl Last {
    /// Waits until all connections are gone, those that come last among them, but for no longer than they are given.
    async fn gone(mut self, places: &Semaphore) {
        let _ = timeout(PAUSE, self.all_accepted.recv()).await;
        let all_gone = async || drop(places.acquire_many(self.places_max).await);
        if timeout(LAST_REQUESTS, all_gone()).await.is_err() {
            let _ = self.end_all.send(true);
            let _ = timeout(LAST_ANSWERS, all_gone()).await;
        }
    }
}

/// A worker, for who watches over it. It ends, with its connections, when this is dropped.
struct Worker {
    thread: Arbiter,
    connections: Sender<Accepted<net::TcpStream>>,
    ended: oneshot::Receiver<()>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.thread.stop();
    }
}

impl<M: MakeServe> Workers<M> {
    async fn run(self, count: usize, last: Last, ready: mpsc::Sender<io::Result<()>>) {
        let started = async {
            let mut workers = Vec::with_capacity(count);
            for _ in 0..count {
                workers.push(self.start().await?);
            }
            let (to, accepted) = channel(GIVEN_MAX);
            if !self.is_alone {
                self.accept_all(async move |one: Accepted| {
                    if let Ok(one) = one.unbound() {
                        let _ = to.send(one).await;
                    }
                })?;
            }
            io::Result::Ok((workers, accepted))
        };
        let (mut workers, accepted) = match started.await {
            Ok(started) => started,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(()));
        drop(ready);
        let places = self.places.clone();
        if self.watch_over(&mut workers, accepted).await {
            last.gone(&places).await;
        }
    }

    /// Until it is stopped; false if nobody waits for connections to end.
    async fn watch_over(
        self,
        workers: &mut [Worker],
        mut accepted: Receiver<Accepted<net::TcpStream>>,
    ) -> bool {
        let mut stopped = self.stopped.clone();
        let mut turn = 0;
        loop {
            tokio::select! {
                told = stopped.wait_for(|stop| *stop) => {
                    let is_asked = told.is_ok();
                    let give_last = async {
                        while let Some(one) = accepted.recv().await {
                            give(one, workers, &[]).await;
                        }
                    };
                    let _ = timeout(PAUSE, give_last).await;
                    return is_asked;
                }
                Some(one) = accepted.recv() => {
                    turn = (turn + 1) % workers.len();
                    give(one, &workers[turn..], &workers[..turn]).await;
                }
                number = first_ended(workers) => {
                    let text = format_args!("worker {number} ended unasked; it is started anew");
                    notices::WORKER_ENDED.tell(None, None, text);
                    self.make.ended(number);
                    let Some(worker) = self.start_again(number).await else {
                        return *self.stopped.borrow();
                    };
                    workers[number] = worker;
                }
            }
        }
    }

    /// Starts a worker in the place of one that ended, however often that fails; none if all are to stop.
    async fn start_again(&self, number: usize) -> Option<Worker> {
        while !*self.stopped.borrow() && self.stopped.has_changed().is_ok() {
            match self.start().await {
                Ok(worker) => return Some(worker),
                Err(error) => log::error!("worker {number} does not start: {error}"),
            }
            sleep(PAUSE).await;
        }
        None
    }

    /// Starts a worker, and waits until it serves.
    async fn start(&self) -> io::Result<Worker> {
        let (connections, given) = channel(GIVEN_MAX);
        let (end, ended) = oneshot::channel::<()>();
        let (ready, is_ready) = oneshot::channel();
        let (this, thread) = (self.clone(), Arbiter::new());
        thread.spawn_fn(move || {
            actix_rt::spawn(async move {
                // Dropped with the thread, however that ends.
                let _end = end;
                match this.begin_work().await {
                    Ok(begin) => {
                        let _ = ready.send(Ok(()));
                        work(begin, given).await;
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            });
        });
        let worker = Worker {
            thread,
            connections,
            ended,
        };
        let gone = |_| Err(io::Error::other("its thread is gone"));
        is_ready.await.unwrap_or_else(gone)?;
        Ok(worker)
    }

    /// What begins a connection on the present thread.
    async fn begin_work(self) -> io::Result<impl Fn(Accepted) + Clone + 'static> {
        let serve = self.make.clone().make(self.ending.clone()).await?;
        let begin = move |one: Accepted| {
            let serve = serve.clone();
            actix_rt::spawn(async move {
                serve(one.stream, one.peer).await;
                drop(one.place);
            });
        };
        if self.is_alone {
            let begin = begin.clone();
            self.accept_all(async move |one| begin(one))?;
        }
        Ok(begin)
    }

    /// Accepts on the present thread until it is stopped.
    fn accept_all(&self, begin: impl AsyncFn(Accepted) + Clone + 'static) -> io::Result<()> {
        for listener in self.listeners.iter() {
            let (places, stopped) = (self.places.clone(), self.stopped.clone());
            let accepting = accept(listener.try_clone()?, places, stopped, begin.clone());
            let guard = self.accepting.clone();
            actix_rt::spawn(async move {
                let _guard = guard;
                if let Err(error) = accepting.await {
                    log::error!("nobody is accepted any more: {error}");
                }
            });
        }
        Ok(())
    }
}

/// A worker's work, until its thread ends.
async fn work(begin: impl Fn(Accepted), mut given: Receiver<Accepted<net::TcpStream>>) {
    while let Some(one) = given.recv().await {
        if let Ok(one) = one.bound() {
            begin(one);
        }
    }
}

/// Gives a connection to the first of these that takes it; if they are all behind it waits for a while, and is closed.
async fn give(mut one: Accepted<net::TcpStream>, first: &[Worker], then: &[Worker]) {
    for worker in first.iter().chain(then) {
        match worker.connections.try_send(one) {
            Ok(()) => return,
            Err(TrySendError::Full(back) | TrySendError::Closed(back)) => one = back,
        }
    }
    if let [worker, ..] = first {
        let _ = timeout(PAUSE, worker.connections.send(one)).await;
    }
}

/// The number of a worker that has ended.
async fn first_ended(workers: &mut [Worker]) -> usize {
    poll_fn(|cx| {
        let mut all = workers.iter_mut().map(|worker| &mut worker.ended);
        let ended = all.position(|ended| Pin::new(ended).poll(cx).is_ready());
        ended.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
